package dev.braid.tensor.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Experts [4, 3, 6] as ranks of both axes divide them. */
class ExpertDivisionTest {
    private static final Shape EXPERTS = Shape.of(4, 3, 6);

    @Test
    void shouldGiveEveryRankEqualRunsOfExperts() {
        Part part = Division.EXPERTS.part(EXPERTS, new Place(1, 0, 2, 1));
        assertThat(part).isEqualTo(new Part(0, 6, 2 * 3 * 6, Shape.of(2, 3, 6), 1, 0));
    }

    /** Its band has columns 3 to 5; the two experts before its own have 2 x 3 rows of them. */
    @Test
    void shouldDivideTheWidthOfTheseOverTheTensorAxis() {
        Part part = Division.EXPERTS.part(EXPERTS, new Place(2, 1, 2, 1));
        assertThat(part).isEqualTo(new Part(3, 3, 2 * 3 * 3, Shape.of(2, 3, 3), 1, 0));
    }

    @Test
    void shouldCoverEveryElementOnce() {
        int[] holders = new int[4 * 3 * 6];
        for (int tensor = 0; tensor < 3; tensor++) {
            for (int expert = 0; expert < 4; expert++) {
                Part part = Division.EXPERTS.part(EXPERTS, new Place(3, tensor, 4, expert));
                for (long i = 0; i < part.shape().count(); i++) {
                    long element = part.from() + i;
                    long at = element / part.columns() * 6 + part.firstColumn() + element % part.columns();
                    holders[Math.toIntExact(at)]++;
                }
            }
        }
        assertThat(holders).containsOnly(1);
    }

    @Test
    void shouldRefuseRanksThatDoNotDivideTheExperts() {
        assertThatThrownBy(() -> Division.EXPERTS.part(EXPERTS, new Place(1, 0, 3, 0)))
                .hasMessage("4 experts can't be divided equally over 3 expert ranks; allowed are divisors of 4");
    }
}
