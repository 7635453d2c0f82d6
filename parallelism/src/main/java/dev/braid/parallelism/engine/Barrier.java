package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;

/** Dissemination: in round k each rank signals the one 2^k further, until all have heard of all. */
final class Barrier extends Operation {
    private int round = -1;

    Barrier(Engine engine, Group group) {
        super(engine, group, OperationKind.BARRIER, DType.I32, null, Algorithm.DIRECT, 0);
    }

    @Override
    void start() {}

    @Override
    boolean next() {
        round++;
        int distance = 1 << round;
        if (distance >= size()) {
            return false;
        }
        send((rank() + distance) % size(), round, 0, 0, 0);
        receiveSignal((rank() + size() - distance) % size(), round);
        return true;
    }
}
