package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class SimulatorTest {
    private static final StageCosts UNITS = StageCosts.equal(2, 1, 1, 1, 1, 0);
    private static final StageCosts HALVES = StageCosts.equal(4, 2, 1, 1, 1, 0);

    private static Simulation run(Schedule schedule, StageCosts costs) {
        return Simulator.run(schedule, costs, Overlap.TOGETHER);
    }

    private static List<Double> peaks(Simulation simulation) {
        return IntStream.range(0, simulation.ranks().size())
                .mapToObj(simulation::peak)
                .toList();
    }

    /** A forward of 1 and a backward of 2, on two ranks: what the second one waits for comes after 1, and so on. */
    @Test
    void shouldStartEachActionWhenItsRankAndItsInputAreReady() {
        Schedule schedule = Tables.schedule(StageMap.linear(2), 2, "0F0 0F1 0B0 0B1", "1F0 1B0 1F1 1B1");
        Simulation simulation = run(schedule, UNITS);
        assertThat(simulation.ranks().get(0))
                .containsExactly(
                        new TimedAction(Tables.action("0F0"), 0, 1),
                        new TimedAction(Tables.action("0F1"), 1, 2),
                        new TimedAction(Tables.action("0B0"), 4, 6),
                        new TimedAction(Tables.action("0B1"), 7, 9));
        assertThat(simulation.ranks().get(1))
                .containsExactly(
                        new TimedAction(Tables.action("1F0"), 1, 2),
                        new TimedAction(Tables.action("1B0"), 2, 4),
                        new TimedAction(Tables.action("1F1"), 4, 5),
                        new TimedAction(Tables.action("1B1"), 5, 7));
        assertThat(simulation.makespan()).isEqualTo(9);
        assertThat(simulation.bubbleRate()).isEqualTo(3.0 / 9);
        assertThat(peaks(simulation)).containsExactly(2.0, 1.0);
    }

    /** V on two ranks: stages 1 and 2 are on rank 1, so that only the edges between 0 and 1, and 2 and 3, cost anything. */
    @Test
    void shouldCountCommunicationBetweenRanksOnly() {
        Schedule schedule = Tables.schedule(StageMap.vShaped(2), 1, "0F0 3F0 3B0 0B0", "1F0 2F0 2B0 1B0");
        // Four forwards of 0.5, four backwards of 1, and two edges there and two back of 10.
        assertThat(run(schedule, StageCosts.equal(4, 2, 1, 1, 1, 10)).makespan())
                .isEqualTo(4 * 0.5 + 4 * 1 + 4 * 10);
    }

    @Test
    void shouldGiveTheGoldenFiguresOfTwoRanksAndFourMicrobatches() {
        Simulation gPipe = run(
                Tables.schedule(
                        StageMap.linear(2), 4, "0F0 0F1 0F2 0F3 0B0 0B1 0B2 0B3", "1F0 1F1 1F2 1F3 1B0 1B1 1B2 1B3"),
                UNITS);
        assertThat(gPipe.makespan()).isEqualTo(15);
        assertThat(gPipe.work(0)).isEqualTo(12);
        assertThat(peaks(gPipe)).containsExactly(4.0, 4.0);

        Simulation interleaved = run(
                Tables.schedule(
                        StageMap.looped(2, 2),
                        4,
                        "0F0 0F1 2F0 2F1 0F2 2B0 0F3 2B1 2F2 0B0 2F3 0B1 2B2 2B3 0B2 0B3",
                        "1F0 1F1 3F0 3B0 3F1 3B1 1F2 1B0 1F3 1B1 3F2 3B2 3F3 3B3 1B2 1B3"),
                HALVES);
        assertThat(interleaved.makespan()).isEqualTo(13.5);
        assertThat(peaks(interleaved)).containsExactly(2.5, 1.5);

        Simulation zbh1 = run(
                Tables.schedule(
                        StageMap.linear(2),
                        4,
                        "0F0 0F1 0I0 0W0 0F2 0I1 0W1 0F3 0I2 0W2 0I3 0W3",
                        "1F0 1I0 1F1 1I1 1W0 1F2 1I2 1W1 1F3 1I3 1W2 1W3"),
                UNITS);
        assertThat(zbh1.makespan()).isEqualTo(13);
        assertThat(peaks(zbh1)).containsExactly(2.0, 2.0);
    }

    /** What ZB-H2 is for: no rank ever waits between its own first and last action, but they do not begin together. */
    @Test
    void shouldCountTheBubbleFromARanksFirstActionToItsLastWhereRanksDoNotWaitForANorm() {
        String first = "0F0 0F1 0F2 0I0 0W0 0F3 0I1 0W1 0I2 0W2 0I3 0W3";
        String last = "1F0 1I0 1F1 1I1 1F2 1I2 1W0 1F3 1I3 1W1 1W2 1W3";
        Simulation free = run(Tables.schedule(StageMap.linear(2), 4, false, first, last), UNITS);
        assertThat(free.makespan()).isEqualTo(13);
        assertThat(free.span()).isEqualTo(12);
        assertThat(free.bubbleRate()).isZero();
        assertThat(peaks(free)).containsExactly(3.0, 3.0);
        Simulation settled = run(Tables.schedule(StageMap.linear(2), 4, true, first, last), UNITS);
        assertThat(settled.bubbleRate()).isCloseTo(1.0 / 13, within(1e-12));
    }

    @Test
    void shouldRunPairsTogether() {
        Simulation dualPipe = run(
                Tables.schedule(
                        StageMap.bothWays(2),
                        4,
                        "0F0 1F2 0F1 1B2 (1F3;0B0) 1B3 0I1 0W1",
                        "0F2 1F0 0F3 1B0 (1F1;0B2) 1B1 0I3 0W3"),
                UNITS);
        assertThat(dualPipe.makespan()).isEqualTo(12);
        assertThat(dualPipe.bubbleRate()).isZero();
        assertThat(peaks(dualPipe)).containsExactly(3.0, 3.0);
        assertThat(dualPipe.ranks().get(0).subList(4, 6))
                .containsExactly(
                        new TimedAction(Tables.action("1F3"), 5, 8), new TimedAction(Tables.action("0B0"), 5, 8));
    }

    /** Rank 1 has its pair's forward early and must wait for the gradient: only in turn does the forward use the wait. */
    @Test
    void shouldRunTheForwardOfAPairAheadOfItsBackwardWhereItsTurnComes() {
        Schedule schedule = Tables.schedule(
                StageMap.vShaped(2), 2, "0F0 0F1 3F0 3B0 3F1 3B1 0B0 0B1", "1F0 2F0 1F1 (2F1;2B0) 1B0 2B1 1B1");
        Simulation together = Simulator.run(schedule, HALVES, Overlap.TOGETHER);
        Simulation inTurn = Simulator.run(schedule, HALVES, Overlap.IN_TURN);
        // 3B0 ends at 3 in both; the forward takes 0.5, the backward 1.
        assertThat(together.ranks().get(1).get(3)).isEqualTo(new TimedAction(Tables.action("2F1"), 3, 4.5));
        assertThat(together.ranks().get(1).get(4)).isEqualTo(new TimedAction(Tables.action("2B0"), 3, 4.5));
        assertThat(inTurn.ranks().get(1).get(3)).isEqualTo(new TimedAction(Tables.action("2F1"), 2, 2.5));
        assertThat(inTurn.ranks().get(1).get(4)).isEqualTo(new TimedAction(Tables.action("2B0"), 3, 4));
    }

    @Test
    void shouldHoldAfterTheInputGradientWhatTheWeightGradientReads() {
        StageCosts.Stage stage = new StageCosts.Stage(1, 1, 1, 1, 0.25);
        double[] held = ActivationMemory.after(
                Tables.slots("0F0 0F1 0I0 0I1 0W0 0W1").stream()
                        .flatMap(slot -> slot.actions().stream())
                        .toList(),
                new StageCosts(List.of(stage), 0));
        assertThat(held).containsExactly(1, 2, 1.25, 0.5, 0.25, 0);
    }

    @Test
    void shouldSayWhatEachRankWaitsForWhenTheyWaitForEachOther() {
        Schedule schedule = Tables.schedule(StageMap.linear(2), 2, "0F0 0B0 0F1 0B1", "1F0 1F1 1B0 1B1");
        assertThatThrownBy(() -> run(schedule, UNITS))
                .isInstanceOf(StalledScheduleException.class)
                .hasMessage("schedule table comes to a halt: rank 0 at 0B0 waits for 1B0 of rank 1;"
                        + " rank 1 at 1F1 waits for 0F1 of rank 0");
    }

    @Test
    void shouldSayWhatNoRankMakes() {
        Schedule schedule = Tables.schedule(StageMap.linear(2), 1, "0F0 0B0", "1F0 1W0");
        assertThatThrownBy(() -> run(schedule, UNITS))
                .hasMessageContaining(
                        "rank 0 at 0B0 waits for the gradient from stage 1 for micro-batch 0, which no rank makes;"
                                + " rank 1 at 1W0 waits for the gradient from stage 1");
    }

    @Test
    void shouldRefuseCostsOfAnotherModelAndActionsThatTheStepDoesNotHave() {
        Schedule schedule = Tables.schedule(StageMap.linear(2), 1, "0F0 0B0", "1F0 1B1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(schedule, HALVES))
                .withMessage("the costs of 4 stages for a schedule of 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(schedule, UNITS))
                .withMessage("schedule table has 1B1, but 2 stages and 1 micro-batches");
    }

    /** 1F1B of 32 ranks and 256 micro-batches with times of the zero-bubble paper's Table 9: a bubble rate of 0.1352. */
    @Test
    void shouldGiveThePublishedBubbleOfALargePipeline() {
        String[] ranks = IntStream.range(0, 32)
                .mapToObj(rank -> oneForwardOneBackward(rank, 32, 256))
                .toArray(String[]::new);
        Schedule schedule = Tables.schedule(StageMap.linear(32), 256, ranks);
        Simulation simulation = run(schedule, StageCosts.equal(32, 1, 10402, 10248, 7698, 460));
        assertThat(simulation.bubbleRate()).isCloseTo(0.1352, within(5e-5));
    }

    private static String oneForwardOneBackward(int rank, int ranks, int microbatches) {
        int ahead = Math.min(microbatches, ranks - 1 - rank);
        StringBuilder order = new StringBuilder();
        for (int i = 0; i < microbatches + ahead; i++) {
            order.append(i < microbatches ? rank + "F" + i + " " : "");
            order.append(i >= ahead ? rank + "B" + (i - ahead) + " " : "");
        }
        return order.toString();
    }
}
