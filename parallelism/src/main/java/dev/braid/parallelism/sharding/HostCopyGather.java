package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.Slices;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/**
 * Keeps a second copy of the values, divided over the ranks of the host (hpZ of ZeRO++): the first gather after a change comes
 * from all ranks, every later one from the neighbours on the host, with the same bits. All ranks make the same gathers, so all of
 * them know which it is.
 */
final class HostCopyGather implements ValueGather {
    private final ValueGather first;
    private final Communicator host;
    private final long[] counts;
    private final long firstByte;
    private final Tensor copy;
    private boolean fresh;
    private boolean fromCopies;
    private Handle handle;

    /** Gathers by {@code first} after a change. */
    HostCopyGather(Compute compute, UnitLayout layout, ShardingGroups groups, ValueGather first) {
        this.first = first;
        this.host = groups.hostValues();
        this.counts = Slices.sizes(layout.bytes(), host.size());
        this.firstByte = Slices.start(layout.bytes(), host.size(), host.rank());
        this.copy = compute.memory().zeros(Category.PARAMETERS, DType.I8, Shape.of(counts[host.rank()]));
    }

    @Override
    public void start(Tensor values) {
        fromCopies = fresh;
        if (fromCopies) {
            handle = host.allGather(copy, counts, values);
        } else {
            first.start(values);
        }
    }

    @Override
    public void finish(Tensor values, ExposedTime exposed) {
        if (fromCopies) {
            exposed.await("shard", handle);
        } else {
            first.finish(values, exposed);
            copy.copyFrom(values.rows(firstByte, copy.count()));
            fresh = true;
        }
    }

    @Override
    public void valuesChanged() {
        fresh = false;
        first.valuesChanged();
    }
}
