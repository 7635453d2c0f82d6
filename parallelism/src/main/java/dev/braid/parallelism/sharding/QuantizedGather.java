package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.BlockFormat;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Values travel as INT8 with scales (qwZ of ZeRO++). Every rank restores all of them from what travelled, its own too, so that
 * all compute with the same numbers; masters stay exact.
 */
final class QuantizedGather implements ValueGather {
    private final Compute compute;
    private final ShardingGroups groups;
    private final Tensor shard;
    private final long firstByte;
    private final List<PackedShard> shards = new ArrayList<>();
    private final long[] starts;
    private final long[] counts;
    private final long bytes;
    private Tensor message;
    private Handle handle;

    QuantizedGather(Compute compute, UnitLayout layout, ShardingGroups groups, Tensor shard) {
        this.compute = compute;
        this.groups = groups;
        this.shard = shard;
        this.firstByte = layout.firstByte(groups.shard());
        starts = new long[groups.shards()];
        counts = new long[groups.shards()];
        long at = 0;
        for (int rank = 0; rank < starts.length; rank++) {
            PackedShard packed = PackedShard.ofValues(layout, rank, BlockFormat.INT8);
            shards.add(packed);
            starts[rank] = at;
            counts[rank] = packed.bytes();
            at += packed.bytes();
        }
        bytes = at;
    }

    @Override
    public void start(Tensor values) {
        int me = groups.shard();
        message = compute.memory().allocate(Category.COMMUNICATION, DType.I8, Shape.of(bytes));
        shards.get(me).pack(compute, shard, firstByte, message, starts[me]);
        handle = groups.gather().allGather(message.rows(starts[me], counts[me]), counts, message);
    }

    @Override
    public void finish(Tensor values, ExposedTime exposed) {
        exposed.await("shard", handle);
        for (int rank = 0; rank < starts.length; rank++) {
            shards.get(rank).unpack(compute, message, starts[rank], values);
        }
        message.release();
    }
}
