package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.StageSplit;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Shapes.small over two ranks: a tied table of 32000 x 1024, four blocks, a norm; micro-batches of 4 x 1024 tokens in bf16. */
class PipelinePlanTest {
    private static final long TABLE = 32_000L * 1024;
    private static final long MATRICES = (1024 + 2 * 256 + 1024) * 1024L + 3 * 2816L * 1024;
    private static final long TOKENS = 4 * 1024;

    /** Bytes of a tensor of 1024 columns. */
    private static final long ROWS = TOKENS * 1024 * 2;

    private static final PlanInput INPUT = Shapes.small(new Mesh(2, 1, 1, 1, 1), 4);

    private static PipelinePlan plan(ScheduleName name, boolean optimistic) {
        return plan(INPUT, name, optimistic);
    }

    private static PipelinePlan plan(PlanInput input, ScheduleName name, boolean optimistic) {
        EstimatedSchedule made = EstimatedSchedule.of(
                input, name, OptionalInt.empty(), Optional.of(List.of(3, 1)), OptionalLong.empty(), optimistic);
        return PipelinePlan.of(input, made.schedule(), made.split(), optimistic);
    }

    /** A visible position costs 4 x 1024 FLOP, of which a token sees half of 1025. */
    @Test
    void shouldCountProductsThreeTimesAndAttentionOnceForwardAndTwiceBackward() {
        StageCosts costs = StageEstimate.of(INPUT, StageSplit.byHand(List.of(3, 1)), true);
        double product = 2.0 * MATRICES * TOKENS;
        double positions = 4.0 * 1024 * 512.5 * TOKENS;
        StageCosts.Stage first = costs.stages().getFirst();
        assertThat(first.forward()).isEqualTo(3 * (product + positions));
        assertThat(first.input()).isEqualTo(3 * (product + 2 * positions));
        assertThat(first.weight()).isEqualTo(3 * product + 1024 * TOKENS);
    }

    /** The loss makes gradients of the logits while it has them; a weight half that waits needs the logits again. */
    @Test
    void shouldCountTheHeadInForwardAndItsLogitsTwiceWhereItsWeightsWait() {
        double product = 2.0 * MATRICES * TOKENS;
        double positions = 4.0 * 1024 * 512.5 * TOKENS;
        double head = 2.0 * TABLE * TOKENS;
        StageSplit split = StageSplit.byHand(List.of(3, 1));
        StageCosts.Stage waiting = StageEstimate.of(INPUT, split, true).stages().getLast();
        assertThat(waiting.forward()).isEqualTo(product + positions + 2 * head);
        assertThat(waiting.input()).isEqualTo(product + 2 * positions);
        assertThat(waiting.weight()).isEqualTo(product + 2 * head);
        StageCosts.Stage atOnce = StageEstimate.of(INPUT, split, false).stages().getLast();
        assertThat(atOnce.forward()).isEqualTo(product + positions + 3 * head);
        assertThat(atOnce.weight()).isEqualTo(product);
    }

    @Test
    void shouldRunBlocksAgainInTheInputHalf() {
        StageSplit split = StageSplit.byHand(List.of(3, 1));
        StageCosts.Stage kept = StageEstimate.of(INPUT, split, true).stages().getFirst();
        StageCosts.Stage again = StageEstimate.of(INPUT.withMicrobatch(4, true), split, true)
                .stages()
                .getFirst();
        assertThat(again.forward()).isEqualTo(kept.forward());
        assertThat(again.input()).isEqualTo(kept.input() + kept.forward());
        assertThat(again.activations()).as("three inputs of blocks").isEqualTo(3 * ROWS);
        assertThat(again.kept()).as("what W reads was made again").isEqualTo(kept.kept());
    }

    /**
     * In units of a tensor of 1024 columns, a block keeps its input, two norms' outputs, the residual between, 1.5 of packed heads,
     * 1 of mixed heads, 5.5 of gate and up, 2.75 of their product, and log-sums and norms of 18 figures a token.
     */
    @Test
    void shouldHoldWhatABlocksBackwardReads() {
        StageCosts costs = StageEstimate.of(INPUT, StageSplit.byHand(List.of(3, 1)), true);
        double block = (4 + 1.5 + 1 + 5.5 + 2.75) * ROWS + 18 * 4 * TOKENS;
        assertThat(costs.stages().getFirst().activations()).isEqualTo(3 * block);
        // W reads inputs of four products and two norms, gradients of their outputs, and that of the embedding's
        // output.
        double weights = (8 + 1.5 + 1 + 3 * 2.75) * ROWS + 2 * 4 * TOKENS;
        assertThat(costs.stages().getFirst().kept()).isEqualTo(3 * weights + ROWS);
    }

    /** 18 bytes an element of a matrix: 2 of value, 4 each of gradient, master and both moments. */
    @Test
    void shouldHoldTheTiedTableOnBothEnds() {
        PipelinePlan plan = plan(ScheduleName.ONE_F_ONE_B, false);
        long vectors = 2 * 1024 * 16;
        assertThat(plan.ranks().get(0).held().total()).isEqualTo(18 * (TABLE + 3 * MATRICES) + 3 * vectors);
        assertThat(plan.ranks().get(1).held().total()).isEqualTo(18 * (TABLE + MATRICES) + vectors + 1024 * 16);
        assertThat(plan.parameters()).isEqualTo(TABLE + 4 * (MATRICES + 2 * 1024) + 1024);
    }

    @Test
    void shouldHoldTwoMicrobatchesOnTheFirstRankOf1F1BAndOneOnTheLast() {
        PipelinePlan plan = plan(ScheduleName.ONE_F_ONE_B, false);
        List<StageCosts.Stage> stages = plan.simulation().costs().stages();
        long batches = 4 * 4 * 4 * TOKENS;
        assertThat(plan.ranks().get(0).peak().of(Term.ACTIVATIONS))
                .isEqualTo((long) (2 * stages.get(0).activations()) + batches);
        assertThat(plan.ranks().get(1).peak().of(Term.ACTIVATIONS))
                .isEqualTo((long) stages.get(1).activations() + batches);
    }

    /** The values of the first layer go along with the hidden state, and their gradient comes back with its gradient. */
    @Test
    void shouldSendValuesThatTheFirstLayerLeavesForTheLast() {
        for (PipelinePlan.Rank rank : plan(Shapes.rwkv(new Mesh(2, 1, 1, 1, 1), 4), ScheduleName.ONE_F_ONE_B, false)
                .ranks()) {
            assertThat(rank.wire().stages()).isEqualTo(4 * 2 * ROWS);
        }
    }

    /** Four micro-batches there and four back over the only border; the table's gradient from both ends. */
    @Test
    void shouldSendWhatStagesPassOnAndTheTablesGradient() {
        for (PipelinePlan.Rank rank : plan(ScheduleName.ONE_F_ONE_B, false).ranks()) {
            assertThat(rank.wire().stages()).isEqualTo(4 * ROWS);
            assertThat(rank.wire().copies()).isEqualTo(4 * TABLE);
            assertThat(rank.wire().total()).isEqualTo(4 * ROWS + 4 * TABLE);
        }
    }

    /** Each rank holds the whole model, and sends every gradient to the other. */
    @Test
    void shouldHoldAndSumBothDirectionsOfDualPipe() {
        PipelinePlan plan = plan(ScheduleName.DUALPIPE, false);
        long all = TABLE + 4 * (MATRICES + 2 * 1024) + 1024;
        for (PipelinePlan.Rank rank : plan.ranks()) {
            assertThat(rank.stages()).containsExactly(0, 1);
            assertThat(rank.peak().of(Term.UNITS_IN_FLIGHT))
                    .as("the head's own gradient")
                    .isEqualTo(4 * TABLE);
            assertThat(rank.wire().copies()).isEqualTo(4 * (all + TABLE));
            assertThat(rank.wire().stages()).isEqualTo(4 * ROWS);
        }
    }

    /** Undoing takes a copy of masters and of both moments: 12 bytes an element. */
    @Test
    void shouldCountTheSpanAndTheCopiesOfAnOptimisticStep() {
        PipelinePlan waiting = plan(ScheduleName.ZB_H2, false);
        PipelinePlan optimistic = plan(ScheduleName.ZB_H2, true);
        assertThat(waiting.step()).isEqualTo(waiting.simulation().makespan());
        assertThat(optimistic.step()).isEqualTo(optimistic.simulation().span());
        assertThat(optimistic.bubble())
                .isCloseTo((optimistic.step() - optimistic.work()) / optimistic.step(), within(1e-12));
        assertThat(optimistic.ranks().get(0).peak().total()
                        - waiting.ranks().get(0).peak().total())
                .isEqualTo(12 * (TABLE + 3 * (MATRICES + 2 * 1024)));
        assertThat(optimistic.ranks().get(0).held().total()
                        - waiting.ranks().get(0).held().total())
                .as("held all the time")
                .isEqualTo(12 * (TABLE + 3 * (MATRICES + 2 * 1024)));
    }

    @Test
    void shouldCompareAllSchedulesAndSayWhyOneIsNotDefined() {
        ScheduleComparison comparison =
                ScheduleComparison.of(INPUT, OptionalInt.empty(), Optional.empty(), OptionalLong.empty());
        assertThat(comparison.choices())
                .extracting(ScheduleComparison.Choice::name)
                .contains(ScheduleName.values());
        double best =
                comparison.recommended().orElseThrow().plan().orElseThrow().step();
        assertThat(comparison.choices().stream().flatMap(choice -> choice.plan().stream()))
                .allSatisfy(plan -> assertThat(plan.step()).isGreaterThanOrEqualTo(best));
        PlanInput three = Shapes.small(new Mesh(3, 1, 1, 1, 1), 4);
        ScheduleComparison odd =
                ScheduleComparison.of(three, OptionalInt.empty(), Optional.empty(), OptionalLong.empty());
        assertThat(odd.choices())
                .filteredOn(choice -> choice.name() == ScheduleName.DUALPIPE)
                .singleElement()
                .satisfies(choice -> assertThat(choice.why())
                        .isEqualTo("dualpipe needs an even number of ranks, and not 3: 2 or 4 would do"));
    }

    @Test
    void shouldRecommendOnlyWhatFits() {
        ScheduleComparison free =
                ScheduleComparison.of(INPUT, OptionalInt.empty(), Optional.empty(), OptionalLong.empty());
        long needed = free.recommended().orElseThrow().plan().orElseThrow().total();
        ScheduleComparison limited =
                ScheduleComparison.of(INPUT, OptionalInt.empty(), Optional.empty(), OptionalLong.of(needed - 1));
        ScheduleComparison.Choice other = limited.recommended().orElseThrow();
        assertThat(other.plan().orElseThrow().total()).isLessThan(needed);
        assertThat(PipelineText.of(limited, OptionalDouble.empty()))
                .contains("  does not fit\n", "fastest within ", ": pipeline.schedule=" + other.name());
        assertThat(ScheduleComparison.of(INPUT, OptionalInt.empty(), Optional.empty(), OptionalLong.of(1 << 20))
                        .recommended())
                .isEmpty();
    }

    /** Without it a run would make another order. */
    @Test
    void shouldRecommendTheLimitThatAnAutomaticScheduleIsMadeFor() {
        OptionalLong limit = OptionalLong.of(64L << 30);
        List<ScheduleComparison.Choice> choices = ScheduleComparison.of(
                        INPUT, OptionalInt.empty(), Optional.empty(), limit)
                .choices();
        assertThat(recommendation(choices, ScheduleName.ZB_2P, limit))
                .endsWith("\nfastest within 64.00 GiB a rank: pipeline.schedule=zb-2p pipeline.memory_limit=64GiB\n");
        assertThat(recommendation(choices, ScheduleName.ZB_H1, limit))
                .endsWith("\nfastest within 64.00 GiB a rank: pipeline.schedule=zb-h1\n");
    }

    private static String recommendation(
            List<ScheduleComparison.Choice> choices, ScheduleName only, OptionalLong limit) {
        List<ScheduleComparison.Choice> left = choices.stream()
                .filter(choice -> choice.name() == only && !choice.optimistic())
                .toList();
        return PipelineText.of(new ScheduleComparison(left, limit), OptionalDouble.empty());
    }

    /** What a limit leaves beside weights and workspace is for activations. */
    @Test
    void shouldKeepAnAutomaticScheduleWithinALimitOfBytes() {
        Optional<List<Integer>> layers = Optional.of(List.of(3, 1));
        PipelinePlan free = plan(ScheduleName.ZB_2P, false);
        long limit = free.total()
                - (long) free.simulation().costs().stages().getFirst().activations();
        EstimatedSchedule made = EstimatedSchedule.of(
                INPUT, ScheduleName.ZB_2P, OptionalInt.empty(), layers, OptionalLong.of(limit), false);
        PipelinePlan limited = PipelinePlan.of(INPUT, made.schedule(), made.split(), false);
        assertThat(limited.total()).isLessThanOrEqualTo(limit).isLessThan(free.total());
    }
}
