package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.Tensor;
import java.util.Optional;

/** Values travel as they are. */
final class PlainGather implements ValueGather {
    private final UnitLayout layout;
    private final ShardingGroups groups;
    private final Tensor shard;
    private Optional<Handle> handle = Optional.empty();

    PlainGather(UnitLayout layout, ShardingGroups groups, Tensor shard) {
        this.layout = layout;
        this.groups = groups;
        this.shard = shard;
    }

    @Override
    public void start(Tensor values) {
        if (groups.shards() == 1) {
            values.copyFrom(shard);
        } else {
            handle = Optional.of(groups.gather().allGather(shard, layout.byteCounts(), values));
        }
    }

    @Override
    public void finish(Tensor values, ExposedTime exposed) {
        handle.ifPresent(started -> exposed.await("shard", started));
        handle = Optional.empty();
    }
}
