package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Fabric;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The process groups of a rank that sharding needs. Values and gradients of the shard group travel in groups of their own, since
 * ranks may start a gather and a reduction in different orders.
 */
public final class ShardingGroups {
    private final Fabric fabric;
    private final Communicator gather;
    private final Communicator reduce;
    private final Communicator replicate;
    private final List<Integer> tensor;
    private final Map<Integer, Communicator> copies = new HashMap<>();

    /**
     * Groups of this rank.
     *
     * @param shard world ranks of its shard group, in order
     * @param replicate world ranks of its replicate group, in order
     * @param tensor world ranks of its tensor group, in order
     */
    public ShardingGroups(Fabric fabric, List<Integer> shard, List<Integer> replicate, List<Integer> tensor) {
        this.fabric = fabric;
        this.gather = fabric.group("shard.values", shard);
        this.reduce = fabric.group("shard.gradients", shard);
        this.replicate = fabric.group("replicate.gradients", replicate);
        this.tensor = List.copyOf(tensor);
    }

    Communicator gather() {
        return gather;
    }

    Communicator reduce() {
        return reduce;
    }

    Communicator replicate() {
        return replicate;
    }

    int shards() {
        return gather.size();
    }

    int shard() {
        return gather.rank();
    }

    /** The ranks of the tensor group that hold the same part as this one, where {@code count} ranks do: neighbours. */
    Communicator copies(int count) {
        return copies.computeIfAbsent(count, key -> {
            int first = tensor.indexOf(fabric.rank()) / count * count;
            return fabric.group("tensor.copies-" + count, tensor.subList(first, first + count));
        });
    }
}
