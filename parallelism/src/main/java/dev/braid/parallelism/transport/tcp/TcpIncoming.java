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
        int length = nextLength();
        return length != 0 && (!valid(length) || waiting() >= TcpSizes.PREFIX + length);
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

    /** Frees memory and socket. */
    void close() {
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

    /** The length of the next frame; 0 while it has not arrived (a length of 0 is reported as -1, as bad as any). */
    private int nextLength() {
        if (waiting() < TcpSizes.PREFIX) {
            return 0;
        }
        int length = buffer.bytes().getInt(taken);
        return length == 0 ? -1 : length;
    }

    /** Moves the rest of an unfinished frame to the front, into a larger buffer when it fills this one. */
    private void makeRoom() {
        ByteBuffer bytes = buffer.bytes();
        int rest = waiting();
        if (rest == 0) {
            bytes.clear();
        } else if (rest == buffer.capacity()) {
            int most = 2 * (TcpSizes.PREFIX + sizes.maxFrame());
            DirectBuffer larger = new DirectBuffer(Math.min(2 * buffer.capacity(), most));
            larger.put(buffer.address(taken), rest);
            buffer.close();
            buffer = larger;
        } else if (taken > 0) {
            bytes.limit(bytes.position()).position(taken);
            bytes.compact();
        }
        taken = 0;
    }
}
