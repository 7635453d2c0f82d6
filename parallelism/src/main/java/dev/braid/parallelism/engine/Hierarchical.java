package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Slices;
import dev.braid.tensor.DType;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * All-reduce over hosts with the same number of ranks each: reduce-scatter inside the host, all-reduce of each slice across the
 * hosts, all-gather inside the host, so that a slice crosses between two hosts once. The sum is that of each host in rank order,
 * and of these in the order of the hosts; BF16 is rounded once inside a host and once across.
 */
final class Hierarchical extends Operation {
    private final Group inside;
    private final Group across;
    private final long address;
    private final DirectReduce scatter;
    private final DirectReduce reduce;
    private final Exchange gather;

    /**
     * @param inside the ranks of this host
     * @param across the ranks with this rank's place on each host
     */
    Hierarchical(
            Engine engine,
            Group group,
            Group inside,
            Group across,
            DType dtype,
            ReduceOp op,
            long address,
            long bytes) {
        super(engine, group, OperationKind.ALL_REDUCE, dtype, op, Algorithm.HIERARCHICAL, bytes);
        this.inside = inside;
        this.across = across;
        this.address = address;
        long[] slices = starts(bytes, dtype, inside.size());
        long mine = address + slices[inside.rank];
        long mineBytes = slices[inside.rank + 1] - slices[inside.rank];
        scatter = new DirectReduce(engine, inside, OperationKind.REDUCE_SCATTER, dtype, op, 1f, address, mine, slices);
        reduce = new DirectReduce(
                engine,
                across,
                OperationKind.ALL_REDUCE,
                dtype,
                op,
                scale(),
                mine,
                mine,
                starts(mineBytes, dtype, across.size()));
        gather = Collectives.allGather(engine, inside, dtype, mine, address, slices);
        engine.reserve(scatter);
        engine.reserve(reduce);
        engine.reserve(gather);
    }

    @Override
    void start() {
        expect(1);
        String site = callSite();
        scatter.then(() -> engine.begin(reduce, site));
        reduce.then(() -> engine.begin(gather, site));
        gather.then(this::completed);
        engine.begin(scatter, site);
    }

    @Override
    SortedSet<Integer> waitingFor() {
        return Stream.of(scatter, reduce, gather)
                .filter(stage -> stage.started() && !stage.done())
                .findFirst()
                .map(Operation::waitingFor)
                .orElseGet(TreeSet::new);
    }

    /** Byte at which each of {@code ranks} slices of {@code bytes} starts, and the end. */
    static long[] starts(long bytes, DType dtype, int ranks) {
        long count = bytes / dtype.bytes();
        long[] starts = new long[ranks + 1];
        for (int rank = 0; rank <= ranks; rank++) {
            starts[rank] = Slices.start(count, ranks, rank) * dtype.bytes();
        }
        return starts;
    }

    /** The members that have the same key as this rank, or this rank's place among those of each key. */
    static List<Integer> across(List<List<Integer>> hosts, int rank) {
        int place = hosts.stream()
                .filter(host -> host.contains(rank))
                .findFirst()
                .orElseThrow()
                .indexOf(rank);
        return hosts.stream().map(host -> host.get(place)).toList();
    }
}
