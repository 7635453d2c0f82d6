package dev.braid.parallelism.sharding;

import dev.braid.tensor.DType;
import java.util.Set;

/**
 * What is divided, and how it travels.
 *
 * @param stage 0: nothing is divided, the ranks are replicas; 1: optimizer state and master weights; 2: also gradients; 3: also
 *     the values that operations read
 * @param reduce dtype of gradients on the wire, F32 or BF16; they are added in f32 either way
 * @param reshardAfterForward at stage 3: drop gathered values after forward and gather them again for backward
 * @param accumulateWhole add up a step's micro-batches in a whole gradient and reduce it once; otherwise, at stages 2 and 3, every
 *     micro-batch's gradient is reduced and its shard added up
 * @param zeroPlusPlus savings on the wire, at stage 3 only
 */
public record ShardingSettings(
        int stage, DType reduce, boolean reshardAfterForward, boolean accumulateWhole, Set<ZeroPlusPlus> zeroPlusPlus) {
    public ShardingSettings {
        zeroPlusPlus = Set.copyOf(zeroPlusPlus);
        if (stage < 0 || stage > 3) {
            throw new IllegalArgumentException("ZeRO stage " + stage + " does not exist; allowed are 0 to 3");
        }
        if (reduce != DType.F32 && reduce != DType.BF16) {
            throw new IllegalArgumentException("gradients can't travel as " + reduce + "; allowed are F32 and BF16");
        }
        if (stage != 3 && !zeroPlusPlus.isEmpty()) {
            throw new IllegalArgumentException("ZeRO++ needs ZeRO stage 3, but it is " + stage);
        }
    }

    /** Without ZeRO++. */
    public ShardingSettings(int stage, DType reduce, boolean reshardAfterForward, boolean accumulateWhole) {
        this(stage, reduce, reshardAfterForward, accumulateWhole, Set.of());
    }

    /** The usual settings of a stage: f32 gradients, everything dropped as soon as it can be, one reduction a step. */
    public static ShardingSettings ofStage(int stage) {
        return new ShardingSettings(stage, DType.F32, true, true);
    }

    /** The same with these savings. */
    public ShardingSettings with(Set<ZeroPlusPlus> savings) {
        return new ShardingSettings(stage, reduce, reshardAfterForward, accumulateWhole, savings);
    }

    boolean uses(ZeroPlusPlus saving) {
        return zeroPlusPlus.contains(saving);
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
