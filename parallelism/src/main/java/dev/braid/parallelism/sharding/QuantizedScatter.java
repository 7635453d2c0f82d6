package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import java.util.List;

/**
 * Gradients travel as INT4 (qgZ of ZeRO++). Where the hosts have equally many ranks, in two hops: inside each host, where a rank
 * takes the shards of all ranks that have its place on their hosts; then, quantised again, among these, where each takes its own.
 * So every sum crosses between hosts once. Otherwise in one hop over all ranks.
 *
 * @param all the gradient of all elements, which the sums replace
 */
record QuantizedScatter(List<QuantizedHop> hops, Tensor all, Tensor sum) implements GradientScatter {
    static QuantizedScatter of(Compute compute, UnitLayout layout, ShardingGroups groups, Tensor whole) {
        ShardHosts hosts = groups.hosts();
        int me = groups.shard();
        Tensor own = whole.rows(layout.firstElement(me), layout.elementCounts()[me]);
        if (!hosts.allowsTwoHops()) {
            List<List<PackedShard>> one = hosts.ranks().stream()
                    .map(rank -> QuantizedHop.packed(layout, List.of(hosts.shard(rank))))
                    .toList();
            return new QuantizedScatter(List.of(new QuantizedHop(compute, groups.reduce(), one, whole)), whole, own);
        }
        List<List<PackedShard>> inside = groups.hostGradients().members().stream()
                .map(neighbour -> QuantizedHop.packed(
                        layout,
                        hosts.counterparts(neighbour).stream().map(hosts::shard).toList()))
                .toList();
        List<List<PackedShard>> across = groups.acrossGradients().members().stream()
                .map(counterpart -> QuantizedHop.packed(layout, List.of(hosts.shard(counterpart))))
                .toList();
        return new QuantizedScatter(
                List.of(
                        new QuantizedHop(compute, groups.hostGradients(), inside, whole),
                        new QuantizedHop(compute, groups.acrossGradients(), across, whole)),
                whole,
                own);
    }

    /** The last only adds up. */
    @Override
    public int steps() {
        return hops.size() + 1;
    }

    @Override
    public List<Handle> start(int step) {
        if (step > 0) {
            hops.get(step - 1).finish();
        }
        return step < hops.size() ? List.of(hops.get(step).start()) : List.of();
    }

    @Override
    public void release() {}
}
