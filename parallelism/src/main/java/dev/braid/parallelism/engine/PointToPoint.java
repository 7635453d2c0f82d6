package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;

/** One transfer, with a tag. Its sequence number counts the transfers of this tag between the two. */
final class PointToPoint extends Operation {
    private final boolean sends;
    private final int other;
    private final int tag;
    private final long number;
    private final long address;

    PointToPoint(Engine engine, Group group, DType dtype, long address, long bytes, boolean sends, int other, int tag) {
        super(engine, group, OperationKind.POINT_TO_POINT, dtype, null, Algorithm.DIRECT, bytes);
        this.sends = sends;
        this.other = other;
        this.tag = tag;
        this.number = group.nextPointToPoint(sends, other, tag);
        this.address = address;
    }

    @Override
    TransferKey key(int groupRank, int lane) {
        return new TransferKey(group.id, number, TransferKey.POINT_TO_POINT | tag);
    }

    @Override
    long number() {
        return number;
    }

    @Override
    void start() {
        if (sends) {
            send(other, 0, address, bytes, bytes);
        } else if (bytes == 0) {
            receiveSignal(other, 0);
        } else {
            receive(other, 0, bytes, address, any -> {});
        }
    }
}
