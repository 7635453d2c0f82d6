package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;

/**
 * Reduce-scatter, or all-reduce, round a ring: the partial sum of slice j starts at rank j + 1 and ends at rank j, each rank
 * adding its own part to what it receives; then the results go round. Every rank only talks to its two neighbours.
 */
final class RingReduce extends Operation {
    private final long input;
    private final long output;
    private final long[] starts;

    RingReduce(
            Engine engine,
            Group group,
            OperationKind kind,
            DType dtype,
            ReduceOp op,
            long input,
            long output,
            long[] starts) {
        super(engine, group, kind, dtype, op, Algorithm.RING, starts[starts.length - 1]);
        this.input = input;
        this.output = output;
        this.starts = starts;
    }

    @Override
    void start() {
        int n = size();
        int rank = rank();
        boolean all = kind == OperationKind.ALL_REDUCE;
        if (n == 1) {
            copy(input, output, bytes);
            return;
        }
        int right = (rank + 1) % n;
        int left = (rank + n - 1) % n;
        // The last thing that a step computes is what the next one sends, so the steps are set up from the last to the
        // first.
        Outbound following = null;
        if (all) {
            following = results(right, left);
        }
        for (int step = n - 2; step >= 0; step--) {
            int slice = Math.floorMod(rank - 2 - step, n);
            boolean last = step == n - 2;
            long target = all ? output + starts[slice] : last ? output : scratch(slice(slice));
            Outbound next = last ? following : sendIfAny(right, step + 1, target, slice, 0);
            OrderedSum sum =
                    sum(2, slice(slice), target, last ? scale() : 1f, true, next == null ? any -> {} : next::available);
            receive(left, step, slice(slice), sum, 0);
            sum.own(1, input + starts[slice]);
        }
        sendIfAny(right, 0, input + starts[left], left, slice(left));
    }

    /** Sets up the second round. Returns what sends this rank's own result. */
    private Outbound results(int right, int left) {
        int n = size();
        for (int step = n - 2; step >= 0; step--) {
            int slice = Math.floorMod(rank() - 1 - step, n);
            long target = output + starts[slice];
            Outbound next = step == n - 2 ? null : sendIfAny(right, n + step, target, slice, 0);
            receive(left, n - 1 + step, slice(slice), target, next == null ? any -> {} : next::available);
        }
        return sendIfAny(right, n - 1, output + starts[rank()], rank(), 0);
    }

    private Outbound sendIfAny(int to, int lane, long address, int slice, long available) {
        return slice(slice) == 0 ? null : send(to, lane, address, slice(slice), available);
    }

    private long slice(int rank) {
        return starts[rank + 1] - starts[rank];
    }
}
