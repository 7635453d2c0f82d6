package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.models.StageSplit;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.DType;
import dev.braid.trainer.Bits;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Weights that several ranks of a pipeline hold: the table that is embedding on the first and head on the last rank, and the stages
 * that two ranks hold for two directions. After every step all holders have the gradient of the run without pipeline, to the bit.
 */
class PipelineCopiesTest {
    /** By pipeline, replicate, shard and tensor ranks. */
    @ParameterizedTest(name = "{0} over {1} in {2}, ZeRO {3}, {4}")
    @CsvSource({
        "linear, 2x1x1x1, 3 2, 0, F32",
        "linear, 2x1x2x1, 3 2, 1, F32",
        "linear, 2x1x1x2, 0 5, 0, F32",
        "linear, 3x1x1x1, 2 3 0, 0, BF16",
        "v, 2x1x1x1, 1 2 1 1, 0, F32",
        "v, 2x2x1x1, 1 2 1 1, 0, F32",
        "both, 2x1x1x1, 3 2, 0, F32",
        "both, 2x1x2x1, 3 2, 1, F32",
        "both, 2x2x1x1, 3 2, 0, BF16",
        "both, 4x1x1x1, 1 1 2 1, 0, F32",
    })
    void shouldGiveEveryHolderTheGradientOfTheRunWithoutPipeline(
            String kind, String sizes, String layers, int zero, DType dtype) throws Exception {
        StagedRun run = run(kind, sizes, layers, zero, dtype);

        List<StagedRun.Outcome> whole = run.whole().run();
        List<StagedRun.Outcome> staged = run.run();

        for (int rank = 0; rank < staged.size(); rank++) {
            StagedRun.Outcome reference = whole.get(rank % whole.size());
            assertThat(staged.get(rank).values()).isNotEmpty();
            staged.get(rank)
                    .values()
                    .forEach((name, values) ->
                            assertSame(name, values, reference.values().get(name)));
        }
        assertThat(answered(staged)).isEqualTo(answered(whole));
    }

    private static void assertSame(String name, StagedRun.Values actual, StagedRun.Values expected) {
        Bits.assertSame("gradient of " + name, actual.gradient(), expected.gradient());
        Bits.assertSame("master of " + name, actual.master(), expected.master());
        Bits.assertSame("moment of " + name, actual.moment(), expected.moment());
    }

    /** Each element is counted once in norms and saved once, however many ranks hold it. */
    private static long answered(List<StagedRun.Outcome> outcomes) {
        return outcomes.stream().mapToLong(StagedRun.Outcome::answersFor).sum();
    }

    @Test
    void shouldLetTheFirstHolderOfAStageAnswerForIt() throws Exception {
        List<StagedRun.Outcome> linear =
                run("linear", "2x1x1x1", "3 2", 0, DType.F32).run();
        List<StagedRun.Outcome> both =
                run("both", "2x1x1x1", "3 2", 0, DType.F32).run();

        assertThat(linear.getLast().values()).containsKey("embedding.weight+0");
        assertThat(linear.getLast().answersFor())
                .isEqualTo(elements(linear.getLast()) - (long) LayoutRun.VOCABULARY * 64);
        // Both ranks hold everything; stage 0 is the first rank's, stage 1 the second one's.
        assertThat(both).extracting(PipelineCopiesTest::elements).containsOnly(elements(both.getFirst()));
        assertThat(both.getFirst().answersFor()).isEqualTo(linear.getFirst().answersFor());
        assertThat(both.getLast().answersFor()).isEqualTo(linear.getLast().answersFor());
    }

    private static long elements(StagedRun.Outcome outcome) {
        return outcome.values().values().stream()
                .mapToLong(values -> values.master().length)
                .sum();
    }

    @Test
    void shouldRefuseAStageOnThreeRanks() throws Exception {
        StageMap map = new StageMap(List.of(List.of(0, 1), List.of(1, 0), List.of(2, 0)));
        StagedRun run = new StagedRun(mesh("3x1x1x1"), 0, map, split("3 2"), DType.F32, 1);

        assertThatThrownBy(run::run)
                .hasMessage("stage 0 is on the ranks [0, 1, 2] of the pipeline; at most two may hold the same stage");
    }

    private static StagedRun run(String kind, String sizes, String layers, int zero, DType dtype) {
        Mesh mesh = mesh(sizes);
        StageMap map = switch (kind) {
            case "linear" -> StageMap.linear(mesh.pipeline());
            case "v" -> StageMap.vShaped(mesh.pipeline());
            default -> StageMap.bothWays(mesh.pipeline());
        };
        return new StagedRun(mesh, zero, map, split(layers), dtype, 1);
    }

    private static StageSplit split(String layers) {
        return StageSplit.byHand(
                Arrays.stream(layers.split(" ")).map(Integer::valueOf).toList());
    }

    private static Mesh mesh(String sizes) {
        int[] each = Arrays.stream(sizes.split("x")).mapToInt(Integer::parseInt).toArray();
        return new Mesh(each[0], each[1], each[2], 1, each[3]);
    }
}
