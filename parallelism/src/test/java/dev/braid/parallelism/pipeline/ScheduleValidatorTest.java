package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.ScheduleFault.Rule;
import org.junit.jupiter.api.Test;

/** Two ranks and two micro-batches: a schedule that is fine, and for each rule one that breaks it. */
final class ScheduleValidatorTest {
    private static final StageCosts UNITS = StageCosts.equal(2, 1, 1, 1, 1, 0);

    private static ScheduleFault fault(StageMap map, int microbatches, String... ranks) {
        return ScheduleValidator.check(Tables.schedule(map, microbatches, ranks))
                .orElseThrow();
    }

    private static ScheduleFault fault(String first, String second) {
        return fault(StageMap.linear(2), 2, first, second);
    }

    @Test
    void shouldAcceptWholeAndHalvedBackwards() {
        assertThat(ScheduleValidator.check(
                        Tables.schedule(StageMap.linear(2), 2, "0F0 0F1 0B0 0B1", "1F0 1I0 1F1 1I1 1W0 1W1")))
                .isEmpty();
        assertThat(ScheduleValidator.check(Tables.schedule(StageMap.linear(1), 1, "0F0 0I0 0W0")))
                .isEmpty();
    }

    @Test
    void shouldAcceptPairsOfTwoDirections() {
        Schedule dualPipe = Tables.schedule(
                StageMap.bothWays(2),
                4,
                "0F0 1F2 0F1 1B2 (1F3;0B0) 1B3 0I1 0W1",
                "0F2 1F0 0F3 1B0 (1F1;0B2) 1B1 0I3 0W3");
        assertThat(ScheduleValidator.check(dualPipe)).isEmpty();
    }

    @Test
    void shouldRefuseStagesAndMicrobatchesThatThereAreNot() {
        assertThat(fault("0F0 0F2 0B0 0B1", "1F0 1B0 1F1 1B1"))
                .isEqualTo(new ScheduleFault(
                        Rule.KNOWN, 0, 1, Tables.action("0F2"), "stages are 0 to 1 and micro-batches 0 to 1"))
                .hasToString("rank 0, action 1 (0F2): stages are 0 to 1 and micro-batches 0 to 1");
        assertThat(fault("0F0 0F1 0B0 0B1", "1F0 1B0 1F1 1B1 2F0").rule()).isEqualTo(Rule.KNOWN);
    }

    @Test
    void shouldRefuseAnActionOnARankThatDoesNotHaveItsStage() {
        assertThat(fault("0F0 1F1 0B0 0B1", "1F0 1B0 0F1 1B1"))
                .hasToString("rank 0, action 1 (1F1): stage 1 is on rank 1 for micro-batch 1");
    }

    /** DualPipe's second half goes the other way. */
    @Test
    void shouldLookForAStageInTheDirectionOfTheMicrobatch() {
        ScheduleFault fault = fault(StageMap.bothWays(2), 2, "0F0 0F1 0B0 0B1", "1F0 1B0 1F1 1B1");
        assertThat(fault).hasToString("rank 0, action 1 (0F1): stage 0 is on rank 1 for micro-batch 1");
    }

    @Test
    void shouldRefuseWhatComesTwice() {
        assertThat(fault("0F0 0F1 0B0 0B1 0F1", "1F0 1B0 1F1 1B1"))
                .hasToString("rank 0, action 4 (0F1): it comes for a second time");
        assertThat(fault("0F0 0F1 0I0 0B0 0B1", "1F0 1B0 1F1 1B1"))
                .hasToString("rank 0, action 3 (0B0): the rank has done 0I0, and B is I and W at once");
        assertThat(fault("0F0 0F1 0B0 0B1 0W0", "1F0 1B0 1F1 1B1").rule()).isEqualTo(Rule.ONCE);
    }

    @Test
    void shouldRefuseAMissingActionWithTheEndOfItsRank() {
        assertThat(fault("0F0 0F1 0B0 0B1", "1F0 1B0 1F1 1I1"))
                .hasToString("rank 1, action 4 (1W1): the rank never does it, nor 1B1");
        assertThat(fault("0F0 0B0 0B1", "1F0 1B0 1F1 1B1").toString())
                .isEqualTo("rank 0, action 3 (0F1): the rank never does it");
    }

    @Test
    void shouldRefuseAPairOfOneMicrobatch() {
        ScheduleFault fault = fault("0F0 0F1 0B0 0B1", "1F0 1B0 (1F1;1B1)");
        assertThat(fault.rule()).isEqualTo(Rule.PAIR);
        assertThat(fault.position()).isEqualTo(3);
        assertThat(fault.reason()).startsWith("it overlaps with 1F1");
    }

    @Test
    void shouldRefuseAnActionBeforeWhatItNeedsOfItsOwnRank() {
        assertThat(fault("0F0 0F1 0B0 0B1", "1B0 1F0 1F1 1B1"))
                .hasToString("rank 1, action 0 (1B0): it comes before 1F0, whose result it needs");
        assertThat(fault("0F0 0F1 0W0 0I0 0B1", "1F0 1B0 1F1 1B1"))
                .hasToString("rank 0, action 2 (0W0): it comes before 0I0, whose result it needs");
        ScheduleFault turn = fault(StageMap.vShaped(1), 1, "1F0 0F0 1B0 0B0");
        assertThat(turn).hasToString("rank 0, action 0 (1F0): it comes before 0F0, whose result it needs");
    }

    @Test
    void shouldRefuseSumsInAnotherOrderThanThatOfMicrobatches() {
        assertThat(fault("0F0 0F1 0I0 0I1 0W1 0W0", "1F0 1B0 1F1 1B1"))
                .hasToString(
                        "rank 0, action 5 (0W0): it comes after 0W1, but a stage's gradients add up in the order of"
                                + " micro-batches");
    }

    /** Without I and W the loss has the gradient of the head in forward, and adds it up. */
    @Test
    void shouldRefuseLossesInAnotherOrderThanThatOfMicrobatches() {
        assertThat(fault("0F1 0F0 0B0 0B1", "1F1 1F0 1B0 1B1"))
                .hasToString(
                        "rank 1, action 1 (1F0): it comes after 1F1, but a last stage without I and W adds to the head's"
                                + " gradient in forward, in the order of micro-batches");
        // A single I of the stage, on whatever rank, and all of its gradients wait in a queue.
        assertThat(ScheduleValidator.check(
                        Tables.schedule(StageMap.linear(2), 2, "0F1 0F0 0B0 0B1", "1F1 1F0 1B0 1I1 1W1")))
                .isEmpty();
        assertThat(ScheduleValidator.check(Tables.schedule(
                        StageMap.bothWays(2),
                        4,
                        "0F1 0F0 1F2 1F3 1B2 1I3 1W3 0B0 0B1",
                        "0F2 0F3 1F1 1F0 1B0 1B1 0B2 0B3")))
                .isEmpty();
    }

    /** Micro-batches 2 and 3 go the other way, and are added to a sum of their own. */
    @Test
    void shouldAllowASecondDirectionToAddUpBeforeTheFirst() {
        Schedule secondFirst = Tables.schedule(
                StageMap.bothWays(2), 4, "1F2 1B2 1F3 1B3 0F0 0F1 0B0 0B1", "0F2 0F3 0B2 0B3 1F0 1B0 1F1 1B1");
        assertThat(ScheduleValidator.check(secondFirst)).isEmpty();
    }

    @Test
    void shouldRefuseToTakeInAnotherOrderThanIsSent() {
        assertThat(fault("0F1 0F0 0B0 0B1", "1F0 1B0 1F1 1B1"))
                .hasToString("rank 1, action 0 (1F0): it is the next one to take an output from rank 0, which sends the"
                        + " output of stage 0 for micro-batch 1 first");
    }

    @Test
    void shouldRefuseRanksThatWaitForEachOther() {
        assertThat(fault("0F0 0B0 0F1 0B1", "1F0 1F1 1B0 1B1"))
                .hasToString("rank 0, action 1 (0B0): ranks wait for each other: rank 0 waits at 0B0 for rank 1;"
                        + " rank 1 waits at 1F1 for rank 0");
    }

    @Test
    void shouldRefuseMoreMemoryThanARankMayHold() {
        Schedule schedule = Tables.schedule(StageMap.linear(2), 2, "0F0 0F1 0B0 0B1", "1F0 1B0 1F1 1B1");
        assertThat(ScheduleValidator.check(schedule, UNITS, 2)).isEmpty();
        assertThat(ScheduleValidator.check(schedule, UNITS, 1.5).orElseThrow())
                .hasToString("rank 0, action 1 (0F1): the rank holds 2 of activations then, and may hold 1.500");
    }
}
