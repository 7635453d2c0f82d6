package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.parallelism.sharding.UnitLayout;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * Size of a unit's parameters on one rank of the tensor axis, before the shard group divides them.
 *
 * @param matrices elements that are read in the compute dtype
 * @param vectors elements of norms and biases, which are read in F32
 * @param elements of the buffer of gradients
 * @param valueBytes of the buffer of values
 */
record UnitSize(long matrices, long vectors, long elements, long valueBytes) {
    static UnitSize of(Unit unit) {
        long matrices = 0;
        long vectors = 0;
        for (Weight weight : unit.weights()) {
            long count = weight.shape().count();
            if (weight.shape().rank() >= 2) {
                matrices += count;
            } else {
                vectors += count;
            }
        }
        UnitLayout layout = new UnitLayout(unit, 1);
        return new UnitSize(matrices, vectors, layout.elements(), layout.bytes());
    }

    /** The units in the order of the forward pass: the embedding, the blocks, the output. */
    static List<UnitSize> of(Architecture architecture) {
        return architecture.parameters().units().stream().map(UnitSize::of).toList();
    }

    /** Bytes of the F32 gradient. */
    long gradientBytes() {
        return elements * Float.BYTES;
    }

    /** What a rank of a shard group holds of it all the time. */
    ZeroMemory held(DType dtype, int stage, int ranks) {
        return ZeroMemory.of(matrices, ElementBytes.of(dtype), stage, ranks)
                .plus(ZeroMemory.of(vectors, ElementBytes.of(DType.F32), stage, ranks));
    }
}
