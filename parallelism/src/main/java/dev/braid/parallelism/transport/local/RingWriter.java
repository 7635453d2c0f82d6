package dev.braid.parallelism.transport.local;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.tensor.kernels.Addresses;

/** The sending side of a ring. */
final class RingWriter implements Outgoing {
    private final ByteRing ring;
    private final String name;
    private final String peer;
    private long tail;

    /** The reader's position as last seen: as long as the frame fits before it, the reader's cache line is left alone. */
    private long head;

    private boolean open = true;
    private String fault = "";

    /** {@code name}: this rank, {@code peer}: the other, for messages. */
    RingWriter(ByteRing ring, String name, String peer) {
        this.ring = ring;
        this.name = name;
        this.peer = peer;
    }

    @Override
    public int maxFrame() {
        return ByteRing.maxFrame(ring.capacity());
    }

    @Override
    public SendResult send(long header, int headerBytes, long payload, int payloadBytes) {
        if (!usable()) {
            return SendResult.BROKEN;
        }
        int bytes = Math.addExact(headerBytes, payloadBytes);
        if (headerBytes < 0 || payloadBytes < 0 || bytes == 0 || bytes > maxFrame()) {
            throw new IllegalArgumentException("a frame of " + headerBytes + " + " + payloadBytes
                    + " bytes on a channel to " + peer + ", must have 1 to " + maxFrame());
        }
        int record = ByteRing.record(bytes);
        int offset = ring.offset(tail);
        int skipped = record > ring.capacity() - offset ? ring.capacity() - offset : 0;
        if (!fits(skipped + record)) {
            return SendResult.BUSY;
        }
        if (skipped > 0) {
            ring.setLength(offset, ByteRing.SKIP);
            tail += skipped;
            offset = 0;
        }
        long frame = ring.frame(offset);
        Addresses.copy(header, frame, headerBytes);
        Addresses.copy(payload, frame + headerBytes, payloadBytes);
        ring.setLength(offset, bytes);
        tail += record;
        ring.publishTail(tail);
        return SendResult.SENT;
    }

    @Override
    public String fault() {
        return fault;
    }

    @Override
    public void close() {
        end(name + " closed", "this side of the channel to " + peer + " was closed");
    }

    /** Bytes of the ring while this side holds it. */
    long bytes() {
        return open ? ring.capacity() : 0;
    }

    boolean open() {
        return open;
    }

    String peer() {
        return peer;
    }

    private boolean fits(int bytes) {
        if (tail + bytes - head > ring.capacity()) {
            head = ring.head();
        }
        return tail + bytes - head <= ring.capacity();
    }

    private boolean usable() {
        if (open && ring.closedBy(ByteRing.Side.READER)) {
            end("its reader closed", ring.reason(ByteRing.Side.READER));
        }
        return open;
    }

    private void end(String reason, String whatIsSaidHere) {
        if (open) {
            open = false;
            fault = whatIsSaidHere;
            ring.close(ByteRing.Side.WRITER, reason);
        }
    }
}
