package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;

/** All-gather round a ring: each rank passes on to the next what comes from the one before. */
final class RingGather extends Operation {
    private final long input;
    private final long output;
    private final long[] starts;

    RingGather(Engine engine, Group group, DType dtype, long input, long output, long[] starts) {
        super(engine, group, OperationKind.ALL_GATHER, dtype, null, Algorithm.RING, starts[starts.length - 1]);
        this.input = input;
        this.output = output;
        this.starts = starts;
    }

    @Override
    void start() {
        int n = size();
        int right = (rank() + 1) % n;
        int left = (rank() + n - 1) % n;
        for (int step = n - 2; step >= 0; step--) {
            int slice = Math.floorMod(rank() - 1 - step, n);
            long target = output + starts[slice];
            Outbound next = step == n - 2 || slice(slice) == 0 ? null : send(right, step + 1, target, slice(slice), 0);
            receive(left, step, slice(slice), target, next == null ? any -> {} : next::available);
        }
        if (n > 1 && slice(rank()) > 0) {
            send(right, 0, input, slice(rank()), slice(rank()));
        }
        copy(input, output + starts[rank()], slice(rank()));
    }

    private long slice(int rank) {
        return starts[rank + 1] - starts[rank];
    }
}
