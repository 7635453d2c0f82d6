package dev.braid.parallelism.transport.local;

import dev.braid.parallelism.transport.Receiver;

/** The receiving side of a ring. */
final class RingReader {
    private final ByteRing ring;
    private final long channel;
    private long head;

    /** The writer's position as last seen. */
    private long tail;

    private boolean refused;

    RingReader(ByteRing ring, long channel) {
        this.ring = ring;
        this.channel = channel;
    }

    long channel() {
        return channel;
    }

    long bytes() {
        return ring.capacity();
    }

    /** No frame is delivered any more. The ring itself stays until {@link #close}: a frame of it may be in use right now. */
    void refuse() {
        refused = true;
    }

    boolean refused() {
        return refused;
    }

    /** Hands over at most {@code limit} frames, in place; returns how many. */
    int poll(Receiver receiver, int limit) {
        int count = 0;
        while (count < limit && !refused && hasRecord()) {
            int offset = ring.offset(head);
            int length = ring.length(offset);
            if (length == ByteRing.SKIP) {
                head += ring.capacity() - offset;
                continue;
            }
            try {
                receiver.frame(channel, ring.frame(offset), length);
            } finally {
                head += ByteRing.record(length);
                ring.publishHead(head);
            }
            count++;
        }
        return count;
    }

    /** True when the writer has closed and all that it wrote has been handed over. */
    boolean ended() {
        // The order matters: whatever was written before the close is seen by hasRecord.
        return ring.closedBy(ByteRing.Side.WRITER) && !hasRecord();
    }

    /** Why the writer has closed. */
    String reason() {
        return ring.reason(ByteRing.Side.WRITER);
    }

    /** Gives the ring up; the writer is told {@code reason}. */
    void close(String reason) {
        ring.close(ByteRing.Side.READER, reason);
    }

    private boolean hasRecord() {
        if (head == tail) {
            tail = ring.tail();
        }
        return head != tail;
    }
}
