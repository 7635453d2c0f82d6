package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.List;

/**
 * How a unit's gradients become each rank's shard of their sum over the shard group. It goes by steps, each of which starts
 * operations of one process group of its own. Used by the rank's thread.
 */
interface GradientScatter {
    /** How many steps it takes, the same on all ranks. */
    int steps();

    /** Begins step {@code step}, counted from 0; what the one before started is done. Returns what is to be waited for. */
    List<Handle> start(int step);

    /** This rank's shard of the sum, F32 or BF16, once the last step is done. */
    Tensor sum();

    /** A buffer of all elements of the dtype of {@link #sum}, in which all ranks' sums can be put together. */
    Tensor all();

    /** Gives back what it allocated. */
    void release();

    /**
     * As {@code settings} say.
     *
     * @param whole the gradient of all elements on this rank, which is used up
     * @param target where this rank's shard of the sum would best be left: {@code whole}'s own part, or apart from it
     */
    static GradientScatter of(
            Compute compute,
            UnitLayout layout,
            ShardingGroups groups,
            ShardingSettings settings,
            Tensor whole,
            Tensor target) {
        if (groups.shards() > 1 && settings.uses(ZeroPlusPlus.QGZ)) {
            return QuantizedScatter.of(compute, layout, groups, whole);
        }
        boolean travels = groups.shards() > 1 || groups.replicate().size() > 1;
        return settings.reduce() == DType.BF16 && travels
                ? NarrowScatter.of(compute, layout, groups, whole)
                : new PlainScatter(layout, groups, whole, target);
    }
}
