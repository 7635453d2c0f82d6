package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tables of token ids. */
class HashRouterTest {
    private static int[][] table(Router router, int ids, int experts) {
        try (RoutingFixture fixture = new RoutingFixture()) {
            int[] tokens = IntStream.range(0, ids).toArray();
            return RoutingFixture.ints(fixture.route(router, fixture.inputs(List.of(), experts, tokens))
                    .experts());
        }
    }

    @Test
    void shouldGiveEachExpertAsManyIdsInEachColumn() {
        int[][] table = table(new HashRouter(3, 11), 5 * 8, 8);
        for (int column = 0; column < 3; column++) {
            int[] counts = new int[8];
            for (int[] row : table) {
                counts[row[column]]++;
            }
            assertThat(counts).containsOnly(5);
        }
    }

    @Test
    void shouldGiveAnIdDifferentExperts() {
        for (int[] row : table(new HashRouter(8, 11), 40, 8)) {
            assertThat(row).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7);
        }
    }

    @Test
    void shouldDependOnTheSeedAlone() {
        int[][] table = table(new HashRouter(2, 11), 40, 8);
        assertThat(table(new HashRouter(2, 11), 40, 8)).isDeepEqualTo(table);
        assertThat(Arrays.deepEquals(table(new HashRouter(2, 12), 40, 8), table))
                .isFalse();
    }

    @Test
    void shouldKeepWhatItHasSaidWhenLargerIdsCome() {
        Router router = new HashRouter(2, 11);
        int[][] first = table(router, 20, 8);
        int[][] grown = table(router, 60, 8);
        assertThat(Arrays.copyOf(grown, 20)).isDeepEqualTo(first);
        assertThat(grown).isDeepEqualTo(table(new HashRouter(2, 11), 60, 8));
    }

    @Test
    void shouldNotGoAroundInOrder() {
        int[] first = Arrays.stream(table(new HashRouter(1, 11), 64, 8))
                .mapToInt(row -> row[0])
                .toArray();
        // Blocks of eight ids are permuted each in its own way.
        assertThat(IntStream.range(0, 8)
                        .mapToObj(block -> Arrays.toString(Arrays.copyOfRange(first, block * 8, block * 8 + 8)))
                        .distinct())
                .hasSize(8);
    }

    @Test
    void shouldRefuseNegativeIds() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            assertThatThrownBy(() -> fixture.route(new HashRouter(1, 0), fixture.inputs(List.of(), 4, 3, -1)))
                    .hasMessageContaining("token id -1 at index 1");
        }
    }
}
