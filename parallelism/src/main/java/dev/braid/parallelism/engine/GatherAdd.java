package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;

/** All-reduce of a small tensor: each rank sends all of it to all, and each adds in rank order. */
final class GatherAdd extends Operation {
    private final long address;
    private OrderedSum sum;
    private long target;
    private int unsent;

    GatherAdd(Engine engine, Group group, DType dtype, ReduceOp op, long address, long bytes) {
        super(engine, group, OperationKind.ALL_REDUCE, dtype, op, Algorithm.GATHER_ADD, bytes);
        this.address = address;
    }

    @Override
    void start() {
        if (bytes == 0) {
            return;
        }
        // The result replaces what is sent. A small tensor is soon gone, and no sum is written before. A larger one may
        // be
        // read in place by peers that add it to theirs: if each waited for the others to have read, all would for ever.
        boolean small = bytes <= Peer.EAGER_LIMIT;
        target = small ? address : scratch(bytes);
        unsent = size() - 1;
        sum = sum(size(), bytes, target, scale(), !small || unsent == 0, length -> {});
        for (int step = 1; step < size(); step++) {
            send((rank() + step) % size(), 0, address, bytes, bytes);
        }
        sum.own(rank(), address);
        for (int step = 1; step < size(); step++) {
            int from = (rank() + step) % size();
            receive(from, 0, bytes, sum, from);
        }
    }

    @Override
    void handedOver() {
        if (--unsent == 0 && target == address) {
            sum.open();
        }
        completed();
    }

    @Override
    boolean next() {
        if (bytes == 0 || target == address) {
            return false;
        }
        copy(target, address, bytes);
        target = address;
        return true;
    }
}
