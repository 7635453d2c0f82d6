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
    private static final String WHOLE_UNITS = "shard";
    private static final String EXPERT_UNITS = "same-experts";

    private final Fabric fabric;
    private final String prefix;
    private final Communicator gather;
    private final Communicator reduce;
    private final Communicator replicate;
    private final ShardHosts hosts;
    private final List<Integer> tensor;
    private final PipelineCopies pipeline;
    private final Map<String, Communicator> made = new HashMap<>();
    private final Map<Integer, Communicator> copies = new HashMap<>();

    /** Groups of a rank that is in no pipeline. */
    public ShardingGroups(Fabric fabric, ShardHosts shard, List<Integer> replicate, List<Integer> tensor) {
        this(fabric, shard, replicate, tensor, PipelineCopies.NONE);
    }

    /**
     * Groups of this rank.
     *
     * @param shard its shard group, with its hosts
     * @param replicate world ranks of its replicate group, in order
     * @param tensor world ranks of its tensor group, in order
     * @param pipeline who holds its units too along the pipeline
     */
    public ShardingGroups(
            Fabric fabric, ShardHosts shard, List<Integer> replicate, List<Integer> tensor, PipelineCopies pipeline) {
        this(fabric, WHOLE_UNITS, shard, replicate, tensor, pipeline);
    }

    /** For units of experts: of the shard group, the ranks {@code same} hold this one's, and divide them. */
    public ShardingGroups ofExperts(ShardHosts same) {
        return new ShardingGroups(fabric, EXPERT_UNITS, same, replicate.members(), tensor, pipeline);
    }

    private ShardingGroups(
            Fabric fabric,
            String prefix,
            ShardHosts shard,
            List<Integer> replicate,
            List<Integer> tensor,
            PipelineCopies pipeline) {
        this.prefix = prefix;
        this.fabric = fabric;
        this.hosts = shard;
        this.gather = fabric.group(prefix + ".values", shard.ranks());
        this.reduce = fabric.group(prefix + ".gradients", shard.ranks());
        this.replicate = fabric.group(prefix + ".replicas", replicate);
        this.tensor = List.copyOf(tensor);
        this.pipeline = pipeline;
    }

    /** Who holds this rank's units too along the pipeline. */
    PipelineCopies pipeline() {
        return pipeline;
    }

    Communicator gather() {
        return gather;
    }

    Communicator reduce() {
        return reduce;
    }

    /** The ranks of the shard group by hosts. */
    ShardHosts hosts() {
        return hosts;
    }

    /** For values among the ranks of the shard group on this host. */
    Communicator hostValues() {
        return made(prefix + ".values.host", hosts.neighbours(fabric.rank()));
    }

    /** For gradients among the ranks of the shard group on this host. */
    Communicator hostGradients() {
        return made(prefix + ".gradients.host", hosts.neighbours(fabric.rank()));
    }

    /** For gradients among the ranks that have this one's place on their hosts. */
    Communicator acrossGradients() {
        return made(prefix + ".gradients.across", hosts.counterparts(fabric.rank()));
    }

    private Communicator made(String name, List<Integer> ranks) {
        return made.computeIfAbsent(name, key -> fabric.group(key, ranks));
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
            return fabric.group(prefix + ".tensor.copies-" + count, tensor.subList(first, first + count));
        });
    }
}
