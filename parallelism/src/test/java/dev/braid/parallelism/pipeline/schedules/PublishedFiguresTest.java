package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The schedules by hand against figures that papers print of them. */
class PublishedFiguresTest {
    /** Half a unit of the fourth decimal. */
    private static final double ROUNDING = 5e-5;

    /**
     * Tables 5 and 9 of the zero bubble paper (arXiv 2401.10241), times in microseconds. Its interleaved column leaves out a part of
     * the waits for results from the last rank; here are the rates with all of them.
     */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
                    p,  m,   F,     I,     W,     C,   oneFOneB, h1,    h2,    v, interleaved
                    8,  24,  18522, 18086, 9337,  601, .2431,    .1585, .1083, 3, .1090
                    8,  32,  18513, 18086, 9331,  626, .1985,    .1242, .0837, 3, .0847
                    8,  64,  18546, 18097, 9321,  762, .1240,    .0674, .0444, 3, .0461
                    8,  24,  29718, 29444, 19927, 527, .2347,    .1323, .0698, 4, .0827
                    8,  32,  29802, 29428, 19530, 577, .1898,    .1045, .0559, 4, .0644
                    8,  64,  29935, 29621, 19388, 535, .1091,    .0554, .0294, 4, .0328
                    16, 48,  11347, 11248, 8132,  377, .2552,    .1397, .0672, 3, .1136
                    16, 64,  11307, 11254, 8101,  379, .2082,    .1088, .0516, 3, .0878
                    16, 128, 11325, 11308, 8109,  378, .1251,    .0576, .0266, 3, .0459
                    32, 96,  10419, 10207, 7715,  408, .2646,    .1421, .0641, 2, .1528
                    32, 128, 10408, 10204, 7703,  408, .2168,    .1106, .0490, 2, .1192
                    32, 256, 10402, 10248, 7698,  460, .1352,    .0594, .0257, 2, .0641
                    """)
    void shouldHaveTheBubblesOfTheZeroBubblePaper(
            int p,
            int m,
            double f,
            double i,
            double w,
            double c,
            double oneFOneB,
            double h1,
            double h2,
            int v,
            double interleaved) {
        StageCosts costs = StageCosts.equal(p, 1, f, i, w, c);
        assertThat(bubble(ScheduleName.ONE_F_ONE_B, m, 1, costs)).isCloseTo(oneFOneB, offset(ROUNDING));
        assertThat(bubble(ScheduleName.ZB_H1, m, 1, costs)).isCloseTo(h1, offset(ROUNDING));
        assertThat(bubble(ScheduleName.ZB_H2, m, 1, costs)).isCloseTo(h2, offset(ROUNDING));
        assertThat(bubble(ScheduleName.INTERLEAVED, m, v, StageCosts.equal(p * v, v, f, i, w, c)))
                .isCloseTo(interleaved, offset(ROUNDING));
    }

    /** Table 8 of the same paper: times of one chunk, of which a rank has two; a rank's one stage takes twice as long. */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
                    p,  m,   f,     i,     w,    C,    v,     oneFOneB, h1,    h2
                    16, 48,  14407, 14380, 9676, 1610, .0697, .2668,    .1536, .0823
                    16, 128, 14316, 14306, 9639, 1619, .0274, .1390,    .0637, .0325
                    24, 72,  6763,  6969,  5251, 755,  .0638, .2699,    .1439, .0628
                    24, 192, 6785,  6990,  5260, 770,  .0250, .1403,    .0595, .0247
                    32, 96,  9458,  9748,  7288, 879,  .0593, .2676,    .1429, .0629
                    32, 256, 9447,  9644,  7193, 887,  .0236, .1362,    .0593, .0251
                    """)
    void shouldHaveTheBubblesOfTheZeroBubblePaperOnAV(
            int p, int m, double f, double i, double w, double c, double v, double oneFOneB, double h1, double h2) {
        StageCosts whole = StageCosts.equal(p, 1, 2 * f, 2 * i, 2 * w, c);
        assertThat(bubble(ScheduleName.ZB_V, m, 2, StageCosts.equal(2 * p, 2, 2 * f, 2 * i, 2 * w, c)))
                .isCloseTo(v, offset(ROUNDING));
        assertThat(bubble(ScheduleName.ONE_F_ONE_B, m, 1, whole)).isCloseTo(oneFOneB, offset(ROUNDING));
        assertThat(bubble(ScheduleName.ZB_H1, m, 1, whole)).isCloseTo(h1, offset(ROUNDING));
        assertThat(bubble(ScheduleName.ZB_H2, m, 1, whole)).isCloseTo(h2, offset(ROUNDING));
    }

    /** F, I and W of a whole stage take a time of 1 each; peaks are micro-batches of a whole stage, on the first and last rank. */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
                    name,        p, m,  v, makespan, span,  first, last
                    gpipe,       4, 8,  1, 33,       33,    8,     8
                    1f1b,        4, 8,  1, 33,       33,    4,     1
                    interleaved, 4, 8,  2, 28.5,     28.5,  5.5,   2.5
                    interleaved, 4, 8,  4, 26.25,    26.25, 4.75,  3.25
                    zb-h1,       4, 8,  1, 27,       27,    4,     4
                    zb-h2,       4, 8,  1, 27,       24,    7,     7
                    zb-v,        4, 8,  2, 25.5,     24,    4,     4
                    gpipe,       8, 24, 1, 93,       93,    24,    24
                    1f1b,        8, 24, 1, 93,       93,    8,     1
                    interleaved, 8, 24, 2, 82.5,     82.5,  11.5,  4.5
                    zb-h1,       8, 24, 1, 79,       79,    8,     8
                    zb-h2,       8, 24, 1, 79,       72,    15,    15
                    zb-v,        8, 24, 2, 75.5,     72,    8,     8
                    """)
    void shouldTakeTheTimeAndMemoryOfUnitCosts(
            String name, int p, int m, int v, double makespan, double span, double first, double last) {
        Simulation simulation =
                simulation(ScheduleName.find(name).orElseThrow(), p, m, v, StageCosts.equal(p * v, v, 1, 1, 1, 0));
        assertThat(simulation.makespan()).isEqualTo(makespan);
        assertThat(simulation.span()).isEqualTo(span);
        assertThat(simulation.work(0)).isEqualTo(3 * m);
        assertThat(simulation.peak(0)).isEqualTo(first);
        assertThat(simulation.peak(p - 1)).isEqualTo(last);
    }

    /** DualPipe of DeepSeek's program: F, I and W of a chunk, here a stage, take 1 each, an overlapped pair 3; it has p + 1 chunks. */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
                    p,  m,  makespan
                    2,  4,  12
                    4,  8,  26
                    4,  10, 32
                    8,  16, 54
                    8,  20, 66
                    16, 40, 134
                    """)
    void shouldTakeTheTimeOfDualPipesAuthors(int p, int m, double makespan) {
        Simulation simulation = simulation(ScheduleName.DUALPIPE, p, m, 1, StageCosts.equal(p, 1, 1, 1, 1, 0));
        assertThat(simulation.makespan()).isEqualTo(makespan);
        List<Double> peaks = IntStream.range(0, p).mapToObj(simulation::peak).toList();
        assertThat(peaks).allMatch(peak -> peak == p + 1);
    }

    private static double bubble(ScheduleName name, int microbatches, int chunks, StageCosts costs) {
        return simulation(name, costs.stages().size() / chunks, microbatches, chunks, costs)
                .bubbleRate();
    }

    private static Simulation simulation(ScheduleName name, int ranks, int microbatches, int chunks, StageCosts costs) {
        ScheduleRequest request =
                ScheduleRequest.of(ranks, microbatches).withChunks(chunks).withCosts(costs);
        return Simulator.run(Schedules.of(name, request), costs, Overlap.TOGETHER);
    }
}
