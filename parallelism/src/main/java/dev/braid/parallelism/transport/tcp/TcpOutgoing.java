package dev.braid.parallelism.transport.tcp;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/**
 * The sending side of a connection. Small frames are copied into one write; of large ones the kernel takes header and payload
 * where they are. What it does not take at once is kept, and until that has gone no other frame is taken.
 */
final class TcpOutgoing implements Outgoing {
    /** Up to this size copying a frame is cheaper than telling the kernel of its parts. */
    private static final int SMALL = 16 << 10;

    /** Time between two attempts to connect to a peer that does not listen yet. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private enum State {
        WAITING,
        CONNECTING,
        OPEN,
        BROKEN
    }

    private final InetSocketAddress target;
    private final String peer;
    private final TcpSizes sizes;
    private final Selector selector;
    private final DirectBuffer small = new DirectBuffer(TcpSizes.PREFIX + SMALL);

    /** What the kernel has not taken yet of a frame that was accepted; its capacity grows to that of the largest frame. */
    private DirectBuffer kept = new DirectBuffer(TcpSizes.PREFIX + SMALL);

    private State state = State.WAITING;
    private SocketChannel socket;
    private int socketBytes;
    private long lastTry = System.nanoTime() - RETRY_NANOS;
    private String lastRefusal = "";
    private String fault = "";

    /**
     * Starts to connect.
     *
     * @param peer names the other rank in messages
     * @param selector tells when {@link #watch} should be called
     */
    TcpOutgoing(InetSocketAddress target, String peer, TcpSizes sizes, Selector selector) {
        this.target = target;
        this.peer = peer;
        this.sizes = sizes;
        this.selector = selector;
        kept.bytes().limit(0);
        progress();
    }

    @Override
    public int maxFrame() {
        return sizes.maxFrame();
    }

    @Override
    public SendResult send(long header, int headerBytes, long payload, int payloadBytes) {
        int bytes = Math.addExact(headerBytes, payloadBytes);
        if (headerBytes < 0 || payloadBytes < 0 || bytes == 0 || bytes > maxFrame()) {
            throw new IllegalArgumentException("a frame of " + headerBytes + " + " + payloadBytes
                    + " bytes on a channel to " + peer + ", must have 1 to " + maxFrame());
        }
        progress();
        if (state == State.BROKEN) {
            return SendResult.BROKEN;
        }
        if (state != State.OPEN || kept.bytes().hasRemaining()) {
            return SendResult.BUSY;
        }
        ByteBuffer start = small.bytes().clear().putInt(bytes);
        try {
            if (bytes <= SMALL) {
                small.put(header, headerBytes);
                small.put(payload, payloadBytes);
                return taken(socket.write(start.flip()), start);
            }
            ByteBuffer[] parts = {
                start.flip(), Addresses.asByteBuffer(header, headerBytes), Addresses.asByteBuffer(payload, payloadBytes)
            };
            return taken(socket.write(parts), parts);
        } catch (IOException e) {
            failed(e);
            return SendResult.BROKEN;
        }
    }

    /**
     * Connects, or writes what was kept, as far as that goes without waiting; and notices when the peer has closed.
     *
     * @return 1 when something has happened
     */
    int progress() {
        try {
            return switch (state) {
                case WAITING -> connect();
                case CONNECTING -> finishConnect();
                case OPEN -> flush();
                case BROKEN -> 0;
            };
        } catch (IOException e) {
            return failed(e);
        }
    }

    /** Reads although nobody may send here: the only way to learn that the peer has closed while nothing is to be sent. */
    void watch() {
        if (state != State.OPEN) {
            return;
        }
        try {
            int read = socket.read(small.bytes().clear());
            if (read != 0) {
                end(peer
                        + (read < 0
                                ? " closed the connection"
                                : " sent bytes on a connection that is not its to send on"));
            }
        } catch (IOException e) {
            failed(e);
        }
    }

    @Override
    public String fault() {
        return fault;
    }

    @Override
    public void close() {
        if (state == State.OPEN) {
            progress();
        }
        end("this side of the connection to " + peer + " was closed");
    }

    /** False once it is broken or closed. */
    boolean open() {
        return state != State.BROKEN;
    }

    /** Bytes of its buffers, the kernel's included. */
    long bytes() {
        return state == State.BROKEN ? 0 : small.capacity() + kept.capacity() + socketBytes;
    }

    /** State for a person. */
    String describe() {
        return switch (state) {
            case WAITING, CONNECTING ->
                "to " + peer + " at " + TcpEndpoint.format(target) + ": not connected yet"
                        + (lastRefusal.isEmpty() ? "" : ", last attempt: " + lastRefusal);
            case OPEN -> "to " + peer + ": open, " + kept.bytes().remaining() + " bytes waiting";
            case BROKEN -> "to " + peer + ": " + fault;
        };
    }

    private int connect() throws IOException {
        if (System.nanoTime() - lastTry < RETRY_NANOS) {
            return 0;
        }
        lastTry = System.nanoTime();
        socket = SocketChannel.open(TcpTransport.family(target.getAddress()));
        socket.configureBlocking(false);
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        socket.setOption(StandardSocketOptions.SO_SNDBUF, sizes.socketBuffer());
        state = State.CONNECTING;
        if (socket.connect(target)) {
            opened();
        }
        return 1;
    }

    private int finishConnect() throws IOException {
        if (!socket.finishConnect()) {
            return 0;
        }
        opened();
        return 1;
    }

    private void opened() throws IOException {
        if (socket.getLocalAddress().equals(target)) {
            // Where nobody listens, the kernel may pick the port that is dialled as ours, and we reach ourselves.
            throw new IOException("Connection refused");
        }
        socket.register(selector, SelectionKey.OP_READ, this);
        socketBytes = socket.getOption(StandardSocketOptions.SO_SNDBUF);
        state = State.OPEN;
        lastRefusal = "";
    }

    private int flush() throws IOException {
        return kept.bytes().hasRemaining() && socket.write(kept.bytes()) > 0 ? 1 : 0;
    }

    /** Keeps what the kernel has left of a frame, unless it took nothing of it. */
    private SendResult taken(long written, ByteBuffer... parts) {
        if (written == 0) {
            return SendResult.BUSY;
        }
        int rest = 0;
        for (ByteBuffer part : parts) {
            rest += part.remaining();
        }
        if (rest > 0) {
            keep(rest, parts);
        }
        return SendResult.SENT;
    }

    private void keep(int rest, ByteBuffer... parts) {
        if (rest > kept.capacity()) {
            kept.close();
            kept = new DirectBuffer(Math.min(Integer.highestOneBit(rest) * 2, TcpSizes.PREFIX + maxFrame()));
        }
        kept.bytes().clear();
        for (ByteBuffer part : parts) {
            kept.bytes().put(part);
        }
        kept.bytes().flip();
    }

    /** A connection that never stood is tried again, until the caller's deadline; one that stood is gone with what was in it. */
    private int failed(IOException e) {
        String what = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        if (state == State.OPEN) {
            end("the connection to " + peer + " at " + TcpEndpoint.format(target) + " broke: " + what);
        } else {
            lastRefusal = what;
            closeSocket();
            state = State.WAITING;
        }
        return 1;
    }

    private void end(String reason) {
        if (state == State.BROKEN) {
            return;
        }
        state = State.BROKEN;
        fault = reason;
        closeSocket();
        small.close();
        kept.close();
    }

    private void closeSocket() {
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                lastRefusal = "closing: " + e.getMessage();
            }
        }
    }
}
