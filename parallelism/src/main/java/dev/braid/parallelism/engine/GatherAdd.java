package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;

/** All-reduce of a small tensor: each rank sends all of it to all, and each adds in rank order. */
final class GatherAdd extends Operation {
    private final long address;
    private long target;
    private OrderedSum sum;
    private int unsent;

    GatherAdd(Engine engine, Group group, DType dtype, ReduceOp op, long address, long bytes) {
        super(engine, group, OperationKind.ALL_REDUCE, dtype, op, Algorithm.GATHER_ADD, bytes);
        this.address = address;
        this.target = address;
    }

    @Override
    void start() {
        if (bytes == 0) {
            return;
        }
        // The result replaces what is sent, so it may not be written before all has been sent. Where peers read what is
        // sent
        // in place, all would wait for each other: then the sum is made apart.
        unsent = size() - 1;
        boolean apart = unsent > 0 && bytes > Peer.EAGER_LIMIT;
        if (apart) {
            target = scratch(bytes);
        }
        sum = sum(size(), bytes, target, scale(), apart || unsent == 0, length -> {});
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
    boolean next() {
        if (target == address) {
            return false;
        }
        copy(target, address, bytes);
        target = address;
        return true;
    }

    @Override
    void handedOver() {
        if (--unsent == 0) {
            sum.open();
        }
        completed();
    }
}
