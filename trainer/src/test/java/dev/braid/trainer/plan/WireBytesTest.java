package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.mesh.Mesh;
import org.junit.jupiter.api.Test;

/** Shapes.small: a table of 32000 x 1024, four blocks of 11,274,240 elements, a norm of 1024. */
class WireBytesTest {
    private static final long TABLE = 32_000L * 1024;
    private static final long BLOCK = (1024 + 2 * 256 + 1024) * 1024L + 3 * 2816L * 1024 + 2 * 1024;
    private static final long ALL = TABLE + 4 * BLOCK + 1024;

    @Test
    void shouldSendNothingFromOneRank() {
        assertThat(Plan.of(Shapes.small(Mesh.SINGLE, 4)).wire().total()).isZero();
    }

    @Test
    void shouldReduceGradientsOnceAndGatherValuesForEveryUse() {
        // Four ranks, one micro-batch: the table and the blocks are gathered twice, the norm once; vectors are F32.
        long values = 2 * 2 * (TABLE + 4 * (BLOCK - 2048)) + 4 * (2 * 4 * 2048 + 1024);
        WireBytes wire = Plan.of(Shapes.small(Mesh.of(1, 4, 1), 4)).wire();
        assertThat(wire.shard()).isCloseTo(0.75 * (4 * ALL + values), within(1.0));
        assertThat(wire.replicate()).isZero();
        assertThat(wire.tensor()).isZero();
    }

    @Test
    void shouldGatherAgainForEveryMicrobatchUnlessValuesAreKept() {
        PlanInput input = Shapes.small(Mesh.of(1, 4, 1), 1);
        double gradients = 0.75 * 4 * ALL;
        double once = 0.75 * (2 * (TABLE + 4 * (BLOCK - 2048)) + 4 * (4 * 2048 + 1024));
        double each = 2 * once - 0.75 * 4 * 1024;
        assertThat(input.microbatches()).isEqualTo(4);
        assertThat(Plan.of(input).wire().shard()).isCloseTo(gradients + 4 * each, within(1.0));
        assertThat(Plan.of(input.withSharding(false, false)).wire().shard()).isCloseTo(gradients + once, within(1.0));
        assertThat(Plan.of(input.withSharding(true, true)).wire().shard())
                .isCloseTo(4 * gradients + 4 * each, within(1.0));
    }

    @Test
    void shouldSumTheShardOverReplicas() {
        WireBytes wire = Plan.of(Shapes.small(Mesh.of(4, 2, 1), 2)).wire();
        assertThat(wire.replicate()).isCloseTo(2 * 0.75 * ALL / 2 * 4, within(1.0));
    }

    @Test
    void shouldExchangeTenTimesTheRowsOfALayerBetweenTensorRanks() {
        // Four ranks, one KV head each; 16 sequences of 1024 tokens, of 1024 columns in bf16.
        double rows = 16.0 * 1024;
        double layers = 0.75 * 10 * 4 * rows * 1024 * 2;
        double ends = 0.75 * 4 * rows * 1024 * 2 + 3 * 2 * rows * 4;
        double norms = 2 * 0.75 * (4 * 2 * 1024 + 1024) * 4;
        PlanInput input = Shapes.small(Mesh.of(1, 1, 4), 4);
        assertThat(Plan.of(input).wire().tensor()).isCloseTo(layers + ends + norms, within(1.0));
        // A layer that is run again gathers and sums twice each once more.
        assertThat(Plan.of(input.withMicrobatch(4, true)).wire().tensor())
                .isCloseTo(1.4 * layers + ends + norms, within(1.0));
    }

    @Test
    void shouldSumTheGradientsOfKeyValueHeadsThatTwoTensorRanksHold() {
        // Eight ranks, four KV heads of 64 rows: two ranks hold each, and each all-reduces K and V of four layers.
        double heads = 2 * 0.5 * 4 * (2 * 64 * 1024) * 4;
        double rows = 16.0 * 1024;
        double layers = 7.0 / 8 * 10 * 4 * rows * 1024 * 2;
        double ends = 7.0 / 8 * 4 * rows * 1024 * 2 + 7 * 2 * rows * 4;
        double norms = 2 * 7.0 / 8 * (4 * 2 * 1024 + 1024) * 4;
        assertThat(Plan.of(Shapes.small(Mesh.of(1, 1, 8), 4)).wire().tensor())
                .isCloseTo(layers + ends + norms + heads, within(1.0));
    }
}
