package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.trainer.config.Experiment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanTest {
    private static Experiment preset(String name, String parallel, int sequences) {
        return Experiment.parse("preset.yaml", """
                model: {preset: %s}
                data: {sources: [{path: texts}], tokenizer: {type: file, path: tokenizer.json}}
                batch: {sequences: %d, microbatch: 1}
                train: {steps: 1000, recompute: block}
                optimizer: {type: adamw, lr: 3.0e-4}
                parallel: %s
                """.formatted(name, sequences, parallel), List.of());
    }

    private static Plan plan(String name, String parallel, int sequences) {
        return Plan.of(PlanInput.of(preset(name, parallel, sequences), 128_256, 8));
    }

    @ParameterizedTest
    @CsvSource({"llama-3-8b, 8030261248", "llama-3-70b, 70553706496", "llama-3-405b, 405853388800"})
    void shouldCountThePublishedParameters(String preset, long parameters) {
        assertThat(plan(preset, "{}", 8).parameters()).isEqualTo(parameters);
    }

    @Test
    @Timeout(10)
    void shouldPlanUpTo16384RanksWithoutStartingThem() {
        for (String preset : List.of("llama-3-8b", "llama-3-70b", "llama-3-405b")) {
            assertThat(plan(preset, "{shard: 8}", 2048).input().mesh().ranks()).isEqualTo(8);
            assertThat(plan(preset, "{shard: 8, tensor: 8}", 2048)
                            .input()
                            .mesh()
                            .ranks())
                    .isEqualTo(64);
            assertThat(plan(preset, "{shard: 128, tensor: 8}", 2048)
                            .input()
                            .mesh()
                            .ranks())
                    .isEqualTo(1024);
            assertThat(plan(preset, "{replicate: 16, shard: 128, tensor: 8}", 2048)
                            .input()
                            .mesh()
                            .ranks())
                    .isEqualTo(16384);
        }
    }

    @Test
    void shouldDivideWhatIsHeldOverShardAndTensorRanks() {
        Plan plan = plan("llama-3-70b", "{shard: 64, tensor: 8}", 512);
        // 18 bytes a parameter over 512 ranks, all but the norms, which every tensor rank holds.
        assertThat((double) plan.held().total()).isBetween(70_553_706_496.0 * 18 / 512, 70_553_706_496.0 * 18.1 / 512);
    }

    @Test
    void shouldKeepOnlyTheInputsOfBlocksThatAreRunAgain() {
        Plan plan = Plan.of(Shapes.small(Mesh.SINGLE, 8));
        long keeping = plan.keeping().of(Term.ACTIVATIONS);
        long again = plan.recomputing().of(Term.ACTIVATIONS);
        // 8192 tokens x (2 norms, qkv of 1.5, attention, middle, 8.25 of the feed-forward) x 1024 x 2 bytes.
        long block = 8192L * 1024 * 2 * (2 + 1 + 1) + 8192L * (1536 + 3 * 2816) * 2;
        // One block of four, and the gradients inside it, are there in either case.
        assertThat(keeping - again).isBetween(5 * block / 2, 3 * block);
        assertThat(plan.peak()).isEqualTo(plan.keeping());
        assertThat(Plan.of(plan.input().withMicrobatch(8, true)).peak()).isEqualTo(plan.recomputing());
    }

    @Test
    void shouldDivideActivationsOverTensorRanks() {
        Plan one = Plan.of(Shapes.small(Mesh.SINGLE, 8));
        Plan four = Plan.of(Shapes.small(Mesh.of(1, 1, 4), 8));
        assertThat((double) four.peak().of(Term.ACTIVATIONS))
                .isBetween(
                        0.22 * one.peak().of(Term.ACTIVATIONS),
                        0.26 * one.peak().of(Term.ACTIVATIONS));
        assertThat(one.peak().of(Term.COMMUNICATION)).isZero();
    }

    @Test
    void shouldCarryOutTheForwardOfBlocksTwiceWhenTheyAreRunAgain() {
        Plan plan = Plan.of(Shapes.small(Mesh.of(1, 4, 1), 1));
        double tokens = 16 * 1024;
        double head = 6.0 * 32000 * 1024 * tokens;
        assertThat(plan.rankFlops()).isEqualTo(plan.modelFlops() / 4);
        assertThat(Plan.of(plan.input().withMicrobatch(1, true)).rankFlops())
                .isCloseTo(
                        (plan.modelFlops() + (plan.modelFlops() - head) / 3) / 4,
                        org.assertj.core.api.Assertions.withinPercentage(1e-9));
    }

    @Test
    void shouldTellTokensASecondOfAGivenRate() {
        Plan plan = Plan.of(Shapes.small(Mesh.of(1, 4, 1), 1));
        assertThat(plan.tokensPerSecond(plan.rankFlops() / 2)).isEqualTo(8 * 1024);
    }
}
