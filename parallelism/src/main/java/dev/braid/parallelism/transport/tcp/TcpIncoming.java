package dev.braid.parallelism.transport.tcp;

import dev.braid.parallelism.transport.Receiver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The receiving side of a connection, from a peer or a stranger. Its buffer starts small and grows only as bytes really arrive,
 * so a length that somebody merely claims costs nothing.
 */
final class TcpIncoming {
    private static final int FIRST_BUFFER = 8 << 10;

    private final long channel;
    private final SocketChannel socket;
    private final int socketBytes;
    private final TcpSizes sizes;
    private final String from;
    private final long acceptedAt = System.nanoTime();
    private DirectBuffer buffer = new DirectBuffer(FIRST_BUFFER);

    /** Bytes of the buffer that were handed over; behind them, up to the buffer's position, are those that were not. */
    private int taken;

    private boolean spoken;
    private boolean queued;
    private boolean malformed;
    private boolean ended;
    private boolean closed;
    private String reason = "";

    TcpIncoming(long channel, SocketChannel socket, int socketBytes, TcpSizes sizes, String from) {
        this.channel = channel;
        this.socket = socket;
        this.socketBytes = socketBytes;
        this.sizes = sizes;
        this.from = from;
    }

    long channel() {
        return channel;
    }

    /** True once a whole frame has come. */
    boolean spoken() {
        return spoken;
    }

    long ageNanos() {
        return System.nanoTime() - acceptedAt;
    }

    long bytes() {
        return buffer.capacity() + socketBytes;
    }

    /** True when nothing more is to be had from it; {@link #reason} says why. */
    boolean ended() {
        return ended;
    }

    String reason() {
        return reason;
    }

    /** Ends the channel: no frame is delivered any more. Memory and socket stay until {@link #close}. */
    void end(String why) {
        if (!ended) {
            ended = true;
            reason = why;
        }
    }

    /** True when it ended because of a length that no frame has. */
    boolean malformed() {
        return malformed;
    }

    /** True while it waits for its turn to be read; kept for the transport. */
    boolean queued() {
        return queued;
    }

    void queued(boolean value) {
        queued = value;
    }

    /** True when a whole frame, or a length that is none, lies in the buffer. */
    boolean hasFrame() {
        return waiting() >= TcpSizes.PREFIX && (!valid(nextLength()) || waiting() >= TcpSizes.PREFIX + nextLength());
    }

    /** Reads once from the socket; never waits. True when bytes have come. */
    boolean read() {
        if (ended) {
            return false;
        }
        makeRoom();
        try {
            int count = socket.read(buffer.bytes());
            if (count < 0) {
                end(from + (waiting() == 0 ? " closed the connection" : " closed the connection inside a frame"));
            }
            return count > 0;
        } catch (IOException e) {
            end("the connection from " + from + " broke: " + e.getMessage());
            return false;
        }
    }

    /** True when the last read has filled the buffer, so that more may lie in the socket. */
    boolean full() {
        return !buffer.bytes().hasRemaining();
    }

    /** Hands over at most {@code limit} frames of the buffer, in place; returns how many. */
    int deliver(Receiver receiver, int limit) {
        int count = 0;
        while (count < limit && !ended && hasFrame()) {
            int length = nextLength();
            if (!valid(length)) {
                malformed = true;
                end(from + " announced a frame of " + length + " bytes, allowed are 1 to " + sizes.maxFrame());
                return count;
            }
            long address = buffer.address(taken + TcpSizes.PREFIX);
            taken += TcpSizes.PREFIX + length;
            spoken = true;
            receiver.frame(channel, address, length);
            count++;
        }
        return count;
    }

    /** True once memory and socket are free. */
    boolean closed() {
        return closed;
    }

    /** Frees memory and socket. */
    void close() {
        closed = true;
        try {
            socket.close();
        } catch (IOException e) {
            end("closing: " + e.getMessage());
        }
        buffer.close();
    }

    private boolean valid(int length) {
        return length >= 1 && length <= sizes.maxFrame();
    }

    private int waiting() {
        return buffer.bytes().position() - taken;
    }

    /** The length that precedes the next frame, once it has arrived. */
    private int nextLength() {
        return buffer.bytes().getInt(taken);
    }

    /** Moves the rest of an unfinished frame to the front, into a larger buffer when the last read has filled this one. */
    private void makeRoom() {
        ByteBuffer bytes = buffer.bytes();
        int rest = waiting();
        // Two frames: one read then mostly empties the socket, which more than doubles what a core gets through.
        int most = 2 * (TcpSizes.PREFIX + sizes.maxFrame());
        if (!bytes.hasRemaining() && buffer.capacity() < most) {
            DirectBuffer larger = new DirectBuffer(Math.min(2 * buffer.capacity(), most));
            larger.put(buffer.address(taken), rest);
            buffer.close();
            buffer = larger;
        } else if (rest == 0) {
            bytes.clear();
        } else if (taken > 0) {
            bytes.limit(bytes.position()).position(taken);
            bytes.compact();
        }
        taken = 0;
    }
}
