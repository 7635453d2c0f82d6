package dev.braid.parallelism.sharding;

import dev.braid.tensor.DType;

/**
 * What is divided, and how it travels.
 *
 * @param stage 0: nothing is divided, the ranks are replicas; 1: optimizer state and master weights; 2: also gradients; 3: also
 *     the values that operations read
 * @param reduce dtype of gradients on the wire, F32 or BF16; they are added in f32 either way
 * @param reshardAfterForward at stage 3: drop gathered values after forward and gather them again for backward
 * @param accumulateWhole add up a step's micro-batches in a whole gradient and reduce it once; otherwise, at stages 2 and 3, every
 *     micro-batch's gradient is reduced and its shard added up
 */
public record ShardingSettings(int stage, DType reduce, boolean reshardAfterForward, boolean accumulateWhole) {
    public ShardingSettings {
        if (stage < 0 || stage > 3) {
            throw new IllegalArgumentException("ZeRO stage " + stage + " does not exist; allowed are 0 to 3");
        }
        if (reduce != DType.F32 && reduce != DType.BF16) {
            throw new IllegalArgumentException("gradients can't travel as " + reduce + "; allowed are F32 and BF16");
        }
    }

    /** The usual settings of a stage: f32 gradients, everything dropped as soon as it can be, one reduction a step. */
    public static ShardingSettings ofStage(int stage) {
        return new ShardingSettings(stage, DType.F32, true, true);
    }

    /** Whether the rank holds its shard of the gradients only. */
    boolean dividesGradients() {
        return stage >= 2;
    }

    /** Whether the rank holds its shard of the values only. */
    boolean dividesValues() {
        return stage == 3;
    }
}
