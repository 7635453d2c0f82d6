package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.ScheduleValidator;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ZB-1p and ZB-2p. */
class AutomaticOrdersTest {
    /** Half a unit of the fourth decimal. */
    private static final double ROUNDING = 5e-5;

    private static final int SEQUENCE = 1024;

    /**
     * Tables 5 and 9 of the zero bubble paper (arXiv 2401.10241): measured times in microseconds, and the bubble rates that the
     * authors' search makes of them. Its table 1 gives the memory: 34h + 5as a token for F to I, and 32h of it until W, for
     * hidden size h and a heads.
     */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
                    p,  m,   F,     I,     W,     C,   h,    a,  oneP,  twoP
                    8,  24,  18522, 18086, 9337,  601, 2304, 24, .1585, .0433
                    8,  32,  18513, 18086, 9331,  626, 2304, 24, .1242, .0039
                    8,  64,  18546, 18097, 9321,  762, 2304, 24, .0674, .0026
                    8,  24,  29718, 29444, 19927, 527, 4096, 32, .1323, .0029
                    8,  32,  29802, 29428, 19530, 577, 4096, 32, .1045, .0022
                    8,  64,  29935, 29621, 19388, 535, 4096, 32, .0554, .0010
                    16, 48,  11347, 11248, 8132,  377, 5120, 40, .1397, .0066
                    16, 64,  11307, 11254, 8101,  379, 5120, 40, .1088, .0054
                    16, 128, 11325, 11308, 8109,  378, 5120, 40, .0576, .0028
                    32, 96,  10419, 10207, 7715,  408, 6144, 48, .1421, .0038
                    32, 128, 10408, 10204, 7703,  408, 6144, 48, .1106, .0029
                    32, 256, 10402, 10248, 7698,  460, 6144, 48, .0594, .0018
                    """)
    void shouldGiveThePublishedBubbles(
            int p, int m, double f, double i, double w, double c, double h, double a, double oneP, double twoP) {
        StageCosts costs = costs(p, new StageCosts.Stage(f, i, w, 34 * h + 5 * a * SEQUENCE, 32 * h), c);
        assertThat(bubble(ScheduleName.ZB_1P, m, costs)).isCloseTo(oneP, offset(ROUNDING));
        assertThat(bubble(ScheduleName.ZB_2P, m, costs)).isCloseTo(twoP, offset(ROUNDING));
    }

    @Test
    void shouldHaveNoBubbleOfUnitTimesInTwiceTheMemory() {
        Schedule schedule = Schedules.of(ScheduleName.ZB_2P, 4, 8);
        StageCosts costs = StageCosts.equal(4, 1, 1, 1, 1, 0);
        Simulation simulation = Simulator.run(schedule, costs, Overlap.TOGETHER);
        assertThat(simulation.span()).isEqualTo(24);
        assertThat(ScheduleValidator.check(schedule, costs, 8)).isEmpty();
    }

    @Test
    void shouldKeepToTheMemoryOfARequest() {
        StageCosts costs = StageCosts.equal(4, 1, 1, 1, 1, 0);
        for (int limit = 1; limit <= 8; limit++) {
            ScheduleRequest request = ScheduleRequest.of(4, 8).withMemoryLimit(limit);
            assertThat(ScheduleValidator.check(Schedules.of(ScheduleName.ZB_2P, request), costs, limit))
                    .isEmpty();
        }
        // With room for one micro-batch only, its W is to run before the next F.
        Schedule tight =
                Schedules.of(ScheduleName.ZB_2P, ScheduleRequest.of(2, 2).withMemoryLimit(1));
        assertThat(ScheduleNotation.of(tight).rank(0)).isEqualTo("F0 I0 W0 F1 I1 W1");
    }

    @Test
    void shouldNotTakeMoreThanItsNameSaysWhateverTheLimit() {
        ScheduleRequest roomy = ScheduleRequest.of(4, 8).withMemoryLimit(100);
        assertThat(Schedules.of(ScheduleName.ZB_1P, roomy)).isEqualTo(Schedules.of(ScheduleName.ZB_1P, 4, 8));
    }

    @Test
    void shouldKeepToTheMemoryOfUnequalStages() {
        // The last stage holds most, and more after I than before: the gradients of its outputs.
        StageCosts costs = new StageCosts(
                List.of(
                        new StageCosts.Stage(1, 1, 1, 3, 2),
                        new StageCosts.Stage(2, 3, 1, 1, 1),
                        new StageCosts.Stage(4, 5, 4, 4, 6)),
                0.5);
        for (int limit = 6; limit <= 24; limit++) {
            ScheduleRequest request = ScheduleRequest.of(3, 9).withCosts(costs).withMemoryLimit(limit);
            assertThat(ScheduleValidator.check(Schedules.of(ScheduleName.ZB_2P, request), costs, limit))
                    .isEmpty();
        }
        assertThat(Schedules.faults(
                        ScheduleName.ZB_1P,
                        ScheduleRequest.of(3, 9).withCosts(costs).withMemoryLimit(5.5)))
                .containsExactly(
                        "zb-1p can't do with 5.5 of memory: one micro-batch takes 6 in the stage that takes most");
    }

    @Test
    void shouldNotFillTheLinkToARankThatIsAHundredTimesSlower() {
        StageCosts costs = new StageCosts(
                List.of(new StageCosts.Stage(1, 1, 1, 1, 1), new StageCosts.Stage(100, 100, 100, 50, 50)), 0);
        Schedule schedule =
                Schedules.of(ScheduleName.ZB_2P, ScheduleRequest.of(2, 40).withCosts(costs));
        assertThat(ScheduleValidator.check(schedule, costs, 100)).isEmpty();
        assertThat(ScheduleNotation.of(schedule).rank(0)).startsWith("F0 F1 F2 I0");
    }

    private static double bubble(ScheduleName name, int microbatches, StageCosts costs) {
        ScheduleRequest request =
                ScheduleRequest.of(costs.stages().size(), microbatches).withCosts(costs);
        Schedule schedule = Schedules.of(name, request);
        assertThat(ScheduleValidator.check(schedule)).isEmpty();
        return Simulator.run(schedule, costs, Overlap.TOGETHER).bubbleRate();
    }

    private static StageCosts costs(int stages, StageCosts.Stage each, double communication) {
        return new StageCosts(Collections.nCopies(stages, each), communication);
    }
}
