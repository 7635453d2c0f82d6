package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.BlockFormat;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * One exchange of gradients as INT4 with scales, all to all in one group, after which each member holds the sums of some shards
 * over the group, made in f32 in the order of the group. Its own contribution is quantised as all others are.
 */
final class QuantizedHop {
    private final Compute compute;
    private final Communicator group;
    private final List<List<PackedShard>> shards;
    private final Tensor whole;
    private Tensor sent;
    private Tensor received;

    /**
     * Of gradients in {@code whole}, where the sums will be too.
     *
     * @param shards those whose sums each member of the group shall hold
     */
    QuantizedHop(Compute compute, Communicator group, List<List<PackedShard>> shards, Tensor whole) {
        this.compute = compute;
        this.group = group;
        this.shards = shards;
        this.whole = whole;
    }

    /** The shards with these numbers, as they travel. */
    static List<PackedShard> packed(UnitLayout layout, List<Integer> numbers) {
        return numbers.stream()
                .map(number -> PackedShard.ofGradient(layout, number, BlockFormat.INT4))
                .toList();
    }

    Handle start() {
        long[] sendCounts = shards.stream().mapToLong(QuantizedHop::bytes).toArray();
        long[] receiveCounts = new long[group.size()];
        Arrays.fill(receiveCounts, sendCounts[group.rank()]);
        sent = allocate(sendCounts);
        received = allocate(receiveCounts);
        long at = 0;
        for (List<PackedShard> of : shards) {
            for (PackedShard shard : of) {
                shard.pack(compute, whole, 0, sent, at);
                at += shard.bytes();
            }
        }
        return group.allToAll(sent, sendCounts, received, receiveCounts);
    }

    private static long bytes(List<PackedShard> of) {
        return of.stream().mapToLong(PackedShard::bytes).sum();
    }

    private Tensor allocate(long[] counts) {
        long bytes = Arrays.stream(counts).sum();
        return compute.memory().allocate(Category.COMMUNICATION, DType.I8, Shape.of(bytes));
    }

    /** Adds up what has arrived. */
    void finish() {
        List<PackedShard> mine = shards.get(group.rank());
        long[] starts = new long[group.size()];
        Arrays.setAll(starts, member -> member * bytes(mine));
        for (PackedShard shard : mine) {
            shard.sum(compute, received, starts, whole);
            Arrays.setAll(starts, member -> starts[member] + shard.bytes());
        }
        sent.release();
        received.release();
    }
}
