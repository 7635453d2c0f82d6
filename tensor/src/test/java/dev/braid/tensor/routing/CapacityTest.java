package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Which tokens go without an expert that is full. */
class CapacityTest {
    private static final int NONE = Selection.NONE;
    /** Three tokens want expert 0, the second most of all; the third has a second expert. */
    private static final int[] EXPERTS = {0, NONE, 0, 1, 0, 2};

    private static final double[][] PROBABILITIES = {{0.5, 0.3, 0.2}, {0.8, 0.1, 0.1}, {0.6, 0.1, 0.3}};

    private static int[] kept(Capacity capacity, int room, int[] experts, double[][] probabilities, long dropped) {
        try (RoutingFixture fixture = new RoutingFixture()) {
            int slots = experts.length / probabilities.length;
            Selection selection = new Selection(
                    fixture.ints(experts).reshape(probabilities.length, slots),
                    fixture.zeros(DType.F32, probabilities.length, slots),
                    fixture.floats(probabilities));
            Tensor kept = fixture.zeros(DType.I32, probabilities.length, slots);
            assertThat(capacity.limit(fixture.compute(), selection, room, kept)).isEqualTo(dropped);
            int[] values = new int[experts.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = kept.getInt(i);
                assertThat(selection.experts().getInt(i)).isEqualTo(experts[i]);
            }
            return values;
        }
    }

    private static Capacity by(Capacity.Drop drop) {
        return new Capacity(1, drop);
    }

    @Test
    void shouldKeepTheMostLikely() {
        assertThat(kept(by(Capacity.Drop.PROBABILITY), 2, EXPERTS, PROBABILITIES, 1))
                .containsExactly(NONE, NONE, 0, 1, 0, 2);
    }

    @Test
    void shouldKeepTheFirst() {
        assertThat(kept(by(Capacity.Drop.POSITION), 2, EXPERTS, PROBABILITIES, 1))
                .containsExactly(0, NONE, 0, 1, NONE, 2);
    }

    @Test
    void shouldKeepTheFirstOfEquallyLikely() {
        double[][] same = {{0.5, 0.5}, {0.5, 0.5}, {0.5, 0.5}};
        assertThat(kept(by(Capacity.Drop.PROBABILITY), 1, new int[] {0, 0, 0}, same, 2))
                .containsExactly(0, NONE, NONE);
    }

    @Test
    void shouldKeepAllWhereThereIsRoom() {
        for (Capacity.Drop drop : Capacity.Drop.values()) {
            assertThat(kept(by(drop), 3, EXPERTS, PROBABILITIES, 0)).containsExactly(EXPERTS);
        }
    }

    @Test
    void shouldMakeRoomForTheFactorTimesAnEvenShare() {
        Capacity capacity = new Capacity(1.25, Capacity.Drop.POSITION);
        // 1.25 * 2 * 100 / 16 = 15.6
        assertThat(capacity.room(100, 2, 16)).isEqualTo(16);
        assertThat(capacity.room(1, 2, 16)).isEqualTo(1);
        // No token comes twice, so there are never more than tokens.
        assertThat(capacity.room(10, 2, 2)).isEqualTo(10);
    }
}
