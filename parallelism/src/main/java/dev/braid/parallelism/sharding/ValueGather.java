package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;

/**
 * How the values of a unit come together from the ranks of the shard group. One gather of a unit is under way at a time. Used by
 * the rank's thread.
 */
interface ValueGather {
    /** Starts to bring the values of all ranks to {@code values}. */
    void start(Tensor values);

    /** Waits until they are there. */
    void finish(Tensor values, ExposedTime exposed);

    /** The ranks' shards have other values than before. */
    default void valuesChanged() {}

    /**
     * As {@code settings} say.
     *
     * @param shard this rank's values
     */
    static ValueGather of(
            Compute compute, UnitLayout layout, ShardingGroups groups, ShardingSettings settings, Tensor shard) {
        boolean divided = settings.dividesValues() && groups.shards() > 1;
        ValueGather plain = divided && settings.uses(ZeroPlusPlus.QWZ)
                ? new QuantizedGather(compute, layout, groups, shard)
                : new PlainGather(layout, groups, shard);
        return divided && settings.uses(ZeroPlusPlus.HPZ) && groups.hosts().usesCopies()
                ? new HostCopyGather(compute, layout, groups, plain)
                : plain;
    }
}
