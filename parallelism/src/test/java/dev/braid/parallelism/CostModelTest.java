package dev.braid.parallelism;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CostModelTest {
    /** 10 us a message, 10 GB/s, sums for nothing: the figures of the reference's table. */
    private static final CostModel PLAIN = new CostModel(Map.of("wire", new CostModel.Figures(10e-6, 1e-10, 0)));

    /** The same, and a sum of 1 ns a byte. */
    private static final CostModel ADDING = new CostModel(Map.of("wire", new CostModel.Figures(10e-6, 1e-10, 1e-9)));

    /** Golden facts 9: microseconds in closed form. */
    @ParameterizedTest
    @CsvSource({
        "8,      1000,   140.2,    30.3",
        "8,    100000,   157.5,    60.0",
        "8,   1000000,   315.0,   330.0",
        "8, 100000000, 17640.0, 30030.0",
        "64,     1000,  1260.2,    60.6",
        "64,  1000000,  1456.9,   660.0",
        "64, 100000000, 20947.5, 60060.0"
    })
    void shouldGiveTheGoldenTimes(int ranks, long bytes, double ring, double doubling) {
        assertThat(PLAIN.ring("wire", ranks, bytes) * 1e6).isCloseTo(ring, within(0.06));
        assertThat(PLAIN.recursiveDoubling("wire", ranks, bytes) * 1e6).isCloseTo(doubling, within(0.06));
    }

    /** G9.1: up to 880,000 bytes recursive doubling is as fast as the ring for 8 ranks, up to 2,976,744 for 64. */
    @ParameterizedTest
    @CsvSource({"8, 880000", "64, 2976744"})
    void shouldGiveTheGoldenCrossover(int ranks, long bytes) {
        assertThat(PLAIN.recursiveDoubling("wire", ranks, bytes - 1000))
                .isLessThan(PLAIN.ring("wire", ranks, bytes - 1000));
        assertThat(PLAIN.recursiveDoubling("wire", ranks, bytes + 1000))
                .isGreaterThan(PLAIN.ring("wire", ranks, bytes + 1000));
    }

    @Test
    void shouldTellTheTimeOfDirectSlices() {
        // 2 x 3 messages of 10 us, 2 x 3/4 of 1 MB at 10 GB/s, and 1 MB added at 1 ns a byte.
        assertThat(ADDING.direct("wire", 4, 1_000_000) * 1e6).isCloseTo(60 + 150 + 1000, within(1e-6));
    }

    @Test
    void shouldTellTheTimeOfGatherAndAdd() {
        // 3 messages of 10 us, 3 MB at 10 GB/s, and 4 MB added at 1 ns a byte.
        assertThat(ADDING.gatherAdd("wire", 4, 1_000_000) * 1e6).isCloseTo(30 + 300 + 4000, within(1e-6));
    }

    @Test
    void shouldTakeTheFasterCanonicalAlgorithm() {
        // For 4 ranks gather-and-add saves 30 us and costs 3 x 1/2 x 0.1 + 3 x 1 = 3.15 ns a byte more: worth it to
        // 9523 bytes.
        assertThat(ADDING.crossover("wire", 4)).isEqualTo(9523);
        assertThat(ADDING.allReduce("wire", 4, 9523)).isEqualTo(Algorithm.GATHER_ADD);
        assertThat(ADDING.allReduce("wire", 4, 9524)).isEqualTo(Algorithm.DIRECT);
    }

    @Test
    void shouldGatherAndAddAlwaysWhereItCostsNothingMore() {
        assertThat(PLAIN.crossover("wire", 2)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void shouldHaveFiguresForAllTransports() {
        assertThat(CostModel.defaults().links()).containsOnlyKeys("shared", "ipc", "udp", "tcp", "simulated");
    }

    @Test
    void shouldPrintFiguresAndCrossovers() {
        assertThat(ADDING.describe()).contains("wire", "10.0", "100.0", "1000.0", "9523");
    }

    @Test
    void shouldNameTheTransportsThatItKnowsWhenAnotherIsAskedFor() {
        assertThatThrownBy(() -> PLAIN.direct("pigeon", 2, 1))
                .hasMessage("the cost model has no figures for transport 'pigeon', only for [wire]");
    }
}
