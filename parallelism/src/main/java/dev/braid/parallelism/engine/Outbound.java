package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.SendResult;

/** The sending end of a transfer. Its bytes become available from the front, as the operation computes them. */
final class Outbound {
    /** What a call of {@link #advance} came to. */
    enum Progress {
        /** Nothing more will be sent. */
        DONE,
        /** Waits for bytes, credit, a grant; others may go first. */
        WAITING,
        /** Has more to send, and has had its turn. */
        MORE,
        /** The channel takes nothing now. */
        BUSY
    }

    private enum Way {
        UNDECIDED,
        EAGER,
        GRANTED,
        REFERENCE
    }

    private static final int TURN = 16;

    final Operation operation;
    final Peer peer;
    final TransferKey key;

    private final long address;
    private final long total;
    private final boolean copied;
    private long available;
    private long sent;
    private Way way = Way.UNDECIDED;
    private int piece;
    private long location;
    private boolean granted;
    private boolean handedOver;
    private boolean done;

    /** @param copied whether the bytes must leave this rank's memory, so that it may be written once they have */
    Outbound(
            Operation operation, Peer peer, TransferKey key, long address, long total, long available, boolean copied) {
        this.operation = operation;
        this.peer = peer;
        this.key = key;
        this.address = address;
        this.total = total;
        this.available = available;
        this.copied = copied;
    }

    /** The first {@code bytes} bytes may be sent from now on. Never less than before. */
    void available(long bytes) {
        available = Math.max(available, bytes);
    }

    void grant() {
        granted = true;
    }

    /** The receiver has read all of it in place. */
    void released() {
        if (way == Way.REFERENCE && handedOver && !done) {
            done = true;
            operation.handedOver();
        }
    }

    boolean isDone() {
        return done;
    }

    long total() {
        return total;
    }

    /** Sends what may be sent, some pieces at most. The link is open. */
    Progress advance() {
        if (handedOver) {
            return Progress.DONE;
        }
        if (way == Way.UNDECIDED) {
            decide();
        }
        if (way == Way.GRANTED && !granted) {
            return Progress.WAITING;
        }
        for (int turn = 0; turn < TURN; turn++) {
            long bytes = Math.min(piece, total - sent);
            if (sent + bytes > available) {
                return Progress.WAITING;
            }
            int cost = Frame.HEADER + (way == Way.REFERENCE ? 0 : (int) bytes);
            if (way != Way.GRANTED && !peer.hasCredit(cost)) {
                return Progress.WAITING;
            }
            SendResult result = way == Way.REFERENCE
                    ? peer.sendReference(this, piece, sent, total, location + sent, bytes)
                    : peer.sendData(this, piece, sent, total, address + sent, (int) bytes);
            if (result != SendResult.SENT) {
                return Progress.BUSY;
            }
            if (way != Way.GRANTED) {
                peer.spendCredit(cost);
            }
            sent += bytes;
            if (sent == total) {
                handedOver = true;
                if (way != Way.REFERENCE) {
                    done = true;
                    operation.handedOver();
                }
                return Progress.DONE;
            }
        }
        return Progress.MORE;
    }

    private void decide() {
        if (total <= Peer.EAGER_LIMIT) {
            way = Way.EAGER;
            piece = peer.inlinePiece();
            return;
        }
        location = copied ? PeerMemory.NOT_SHARED : peer.locate(address, total);
        way = location == PeerMemory.NOT_SHARED ? Way.GRANTED : Way.REFERENCE;
        piece = way == Way.REFERENCE ? Pieces.REFERENCE : peer.inlinePiece();
    }
}
