package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.BlockFormat;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One exchange of gradients as INT4 with scales, all to all in one group, after which each member holds the sums of some shards
 * over the group: its own contribution, which need not travel and so stays exact, plus the others' in the order of the group, in
 * f32. A sum is made by one rank only, so all bits are the same in every run.
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
        int me = group.rank();
        long[] sendCounts = new long[group.size()];
        long[] receiveCounts = new long[group.size()];
        for (int member = 0; member < group.size(); member++) {
            if (member != me) {
                sendCounts[member] = bytes(shards.get(member));
                receiveCounts[member] = bytes(shards.get(me));
            }
        }
        sent = allocate(sendCounts);
        received = allocate(receiveCounts);
        long at = 0;
        for (int member = 0; member < group.size(); member++) {
            for (PackedShard shard : member == me ? List.<PackedShard>of() : shards.get(member)) {
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
        long messageBytes = bytes(mine);
        long first = 0;
        for (PackedShard shard : mine) {
            List<Long> starts = new ArrayList<>();
            for (int peer = 0; peer < group.size() - 1; peer++) {
                starts.add(peer * messageBytes + first);
            }
            shard.add(compute, received, starts, whole);
            first += shard.bytes();
        }
        sent.release();
        received.release();
    }
}
