package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;

/**
 * Reduce-scatter, or all-reduce, by direct exchange of slices: the owner of a slice receives it from all, adds in rank order,
 * and for an all-reduce sends each segment of the result to all as soon as it has it.
 */
final class DirectReduce extends Operation {
    private static final int CONTRIBUTIONS = 0;
    private static final int RESULTS = 1;

    private final long input;
    private final long output;
    private final long[] starts;
    private final float scale;

    /**
     * @param output address of the result: this rank's slice for a reduce-scatter, all of {@code input} for an all-reduce
     * @param starts byte at which each slice starts, and the end
     */
    DirectReduce(
            Engine engine,
            Group group,
            OperationKind kind,
            DType dtype,
            ReduceOp op,
            float scale,
            long input,
            long output,
            long[] starts) {
        super(engine, group, kind, dtype, op, Algorithm.DIRECT, starts[starts.length - 1]);
        this.input = input;
        this.output = output;
        this.starts = starts;
        this.scale = scale;
    }

    @Override
    void start() {
        boolean all = kind == OperationKind.ALL_REDUCE;
        int rank = rank();
        long mine = slice(rank);
        Outbound[] results = new Outbound[size()];
        long target = all ? output + starts[rank] : output;
        OrderedSum sum = sum(size(), mine, target, scale, true, length -> {
            for (Outbound result : results) {
                if (result != null) {
                    result.available(length);
                }
            }
        });
        // Peers in turn from the next rank on, so that not all ranks send to the same one first.
        for (int step = 1; step < size(); step++) {
            int to = (rank + step) % size();
            int from = (rank + size() - step) % size();
            receive(from, CONTRIBUTIONS, mine, sum, from);
            if (slice(to) > 0) {
                send(to, CONTRIBUTIONS, input + starts[to], slice(to), slice(to));
            }
            if (all) {
                receive(from, RESULTS, slice(from), output + starts[from], length -> {});
                if (mine > 0) {
                    results[to] = send(to, RESULTS, target, mine, 0);
                }
            }
        }
        sum.own(rank, input + starts[rank]);
    }

    private long slice(int rank) {
        return starts[rank + 1] - starts[rank];
    }
}
