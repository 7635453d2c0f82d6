package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.UnitLayout;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * Size of a unit's parameters on one rank of the tensor axis, before the shard group divides them.
 *
 * @param name of the unit
 * @param matrices elements that are read in the compute dtype
 * @param vectors elements of norms and biases, which are read in F32
 * @param elements of the buffer of gradients
 * @param valueBytes of the buffer of values
 * @param byExpert whether the expert axis has divided it, so that fewer ranks divide the rest
 */
record UnitSize(String name, long matrices, long vectors, long elements, long valueBytes, boolean byExpert) {
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
        return new UnitSize(unit.name(), matrices, vectors, layout.elements(), layout.bytes(), unit.byExpert());
    }

    /** The units in the order of the forward pass: the embedding, the blocks with their experts behind them, the output. */
    static List<UnitSize> of(Architecture architecture) {
        return architecture.parameters().units().stream().map(UnitSize::of).toList();
    }

    /** Bytes of the F32 gradient. */
    long gradientBytes() {
        return elements * Float.BYTES;
    }

    /** Whether layer {@code index} uses it. */
    boolean ofLayer(int index) {
        return name.equals("layers." + index) || name.startsWith("layers." + index + ".");
    }

    /** Ranks that divide it as ZeRO says. */
    int shards(Mesh mesh) {
        return byExpert ? mesh.shard() / mesh.expert() : mesh.shard();
    }

    /** What one of these ranks holds of it all the time. */
    ZeroMemory held(PlanInput input) {
        int ranks = shards(input.mesh());
        return ZeroMemory.of(matrices, ElementBytes.of(input.compute()), input.zero(), ranks)
                .plus(ZeroMemory.of(vectors, ElementBytes.of(DType.F32), input.zero(), ranks));
    }
}
