package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException;
import dev.braid.tensor.kernels.Addresses;
import java.util.BitSet;

/** The receiving end of a transfer. */
final class Inbound {
    final Operation operation;
    final Peer peer;
    final TransferKey key;
    final long total;

    private final Sink sink;
    private BitSet seen;
    private int piece;
    private long received;
    private long consumed;
    private boolean byReference;
    private boolean done;

    Inbound(Operation operation, Peer peer, TransferKey key, long total, Sink sink) {
        this.operation = operation;
        this.peer = peer;
        this.key = key;
        this.total = total;
        this.sink = sink;
    }

    /** A data or reference frame for this transfer. */
    void frame(long frame) {
        if (done || operation.done()) {
            return; // a duplicate
        }
        if (!operation.signature().matches(frame) || Frame.total(frame) != total) {
            throw peer.engine.fault(
                    CommunicationException.Kind.MISMATCH,
                    peer.rank,
                    "rank " + peer.rank + " takes part with " + Signature.describe(frame) + ", " + Frame.total(frame)
                            + " bytes for this rank, where this rank has " + operation.signature() + ", " + total
                            + " bytes from it: all ranks of a group must start the same operations in the same order");
        }
        if (total == 0) {
            peer.consumedEager(Frame.HEADER);
            finish();
            return;
        }
        long offset = Frame.offset(frame);
        int size = Frame.piece(frame);
        boolean reference = Frame.kind(frame) == Frame.REFERENCE;
        long bytes = reference ? Addresses.getLong(frame + Frame.HEADER, 1) : Frame.payloadBytes(frame);
        checkPiece(offset, size, bytes);
        if (seen == null) {
            piece = size;
            byReference = reference;
            seen = new BitSet((int) ((total + size - 1) / size));
        }
        int index = (int) (offset / size);
        if (seen.get(index)) {
            return;
        }
        seen.set(index);
        received += bytes;
        if (reference || total <= Peer.EAGER_LIMIT) {
            peer.consumedEager(Frame.HEADER + (reference ? 0 : bytes));
        }
        if (reference) {
            long location = Addresses.getLong(frame + Frame.HEADER, 0);
            sink.reference(offset, peer.engine.memory.resolve(peer.address, location, bytes), bytes);
        } else {
            sink.piece(offset, frame + Frame.HEADER, (int) bytes);
            consumed(bytes);
        }
    }

    private void checkPiece(long offset, int size, long bytes) {
        boolean right = Pieces.valid(size)
                && (seen == null || size == piece)
                && offset >= 0
                && offset % size == 0
                && offset < total
                && bytes == Math.min(size, total - offset);
        if (!right) {
            throw peer.engine.fault(
                    CommunicationException.Kind.MISMATCH,
                    peer.rank,
                    "rank " + peer.rank + " sent a piece that does not fit its transfer: offset " + offset + ", piece "
                            + size + ", " + bytes + " bytes of " + total);
        }
    }

    /** {@code bytes} more of the transfer have been used and may change at the sender. */
    void consumed(long bytes) {
        consumed += bytes;
        if (consumed == total) {
            finish();
        }
    }

    private void finish() {
        done = true;
        if (byReference) {
            peer.control(Frame.RELEASE, key);
        }
        operation.completed();
    }

    boolean isDone() {
        return done;
    }

    long receivedBytes() {
        return received;
    }
}
