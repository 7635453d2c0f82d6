package dev.braid.parallelism.transport.tcp;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Frames over plain TCP. Each direction between two ranks is a connection of its own, opened by its sender; on the wire a frame
 * is its length (32 bits, big-endian) and its bytes. Nothing runs but inside the calls of this interface, and nothing in them
 * waits.
 *
 * <p>Strangers may connect: the number of connections, and what one of them can make this rank hold, are bounded; who announces
 * an impossible length is cut off and counted. Beyond the limit connections wait in the kernel's queue until others end or have
 * been silent for two seconds.
 */
public final class TcpTransport implements Transport {
    /** Its name and the key of its endpoint. */
    public static final String NAME = "tcp";

    /** A busy channel may hand over this many frames before the next one has its turn. */
    private static final int TURN = 16;

    /** A connection that has said nothing for so long makes room when there are too many. */
    private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final String name;
    private final TcpSizes sizes;
    private final boolean loopback;
    private final String endpoint;
    private final Selector selector;
    private final ServerSocketChannel server;
    private final Map<Long, TcpIncoming> incoming = new TreeMap<>();
    private final List<TcpOutgoing> outgoing = new ArrayList<>();

    /** Channels with bytes to read, or with frames in their buffers, each once; the head is served next. */
    private final Deque<TcpIncoming> ready = new ArrayDeque<>();

    /** The channel whose frame the receiver looks at right now: its memory must stay, even if it is refused. */
    private TcpIncoming serving;

    private long channels;
    private long refused;
    private long malformed;
    private long silent;
    private String lastProblem = "";
    private boolean open = true;

    /**
     * Listens at a free port.
     *
     * @param rank this rank
     * @param ranks size of the world, which decides the sizes of frames and buffers
     * @param bind address of the network interface that peers reach
     * @throws UncheckedIOException when the address cannot be bound
     */
    public TcpTransport(int rank, int ranks, InetAddress bind) {
        this.name = "rank " + rank;
        this.sizes = TcpSizes.of(ranks);
        this.loopback = bind.isLoopbackAddress();
        TcpEndpoint.dialable(bind);
        try {
            this.selector = Selector.open();
            this.server = listen(bind, sizes, selector);
            this.endpoint = TcpEndpoint.format((InetSocketAddress) server.getLocalAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(
                    name + ": cannot listen for tcp at " + bind.getHostAddress() + ": " + e.getMessage()
                            + "; choose the address of an interface of this host",
                    e);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String endpoint() {
        return endpoint;
    }

    @Override
    public boolean reaches(RankAddress peer) {
        return peer.endpoints().containsKey(NAME);
    }

    /** True only between loopback addresses: bytes never leave the memory of the host. The checksum of TCP is too weak. */
    @Override
    public boolean intact() {
        return loopback;
    }

    @Override
    public Outgoing dial(RankAddress peer) {
        if (!open) {
            throw new IllegalStateException(name + " dials " + peer + " after its transport '" + NAME + "' was closed");
        }
        String text = peer.endpoints().get(NAME);
        if (text == null) {
            throw new IllegalArgumentException(peer + " cannot be reached by transport '" + NAME + "', offers only "
                    + peer.endpoints().keySet());
        }
        outgoing.removeIf(connection -> !connection.open());
        TcpOutgoing connection = new TcpOutgoing(TcpEndpoint.parse(text), peer.toString(), sizes, selector);
        outgoing.add(connection);
        return connection;
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        if (!open) {
            return 0;
        }
        int done = 0;
        for (TcpOutgoing connection : outgoing) {
            done += connection.progress();
        }
        try {
            selector.selectNow(this::select);
        } catch (IOException e) {
            lastProblem = "selecting: " + e.getMessage();
        }
        return done + serve(receiver, limit);
    }

    @Override
    public void refuse(long channel) {
        TcpIncoming connection = incoming.remove(channel);
        if (connection != null) {
            refused++;
            connection.end("refused");
            if (connection != serving) {
                connection.close();
            }
        }
    }

    @Override
    public long bufferBytes() {
        long bytes = 0;
        for (TcpIncoming connection : incoming.values()) {
            bytes += connection.bytes();
        }
        for (TcpOutgoing connection : outgoing) {
            bytes += connection.bytes();
        }
        return bytes;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder(String.format(
                "tcp at %s: %d channels in (at most %d), %d out, frames up to %d bytes; %d refused, %d with impossible"
                        + " lengths, %d dropped as silent",
                endpoint,
                incoming.size(),
                sizes.incoming(),
                outgoing.stream().filter(TcpOutgoing::open).count(),
                sizes.maxFrame(),
                refused,
                malformed,
                silent));
        if (!lastProblem.isEmpty()) {
            text.append("; last problem: ").append(lastProblem);
        }
        outgoing.forEach(connection -> text.append("\n  ").append(connection.describe()));
        return text.toString();
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        outgoing.forEach(TcpOutgoing::close);
        incoming.values().forEach(TcpIncoming::close);
        outgoing.clear();
        incoming.clear();
        ready.clear();
        try {
            server.close();
            // The kernel's side of the sockets goes only now, with their keys.
            selector.close();
        } catch (IOException e) {
            lastProblem = "closing: " + e.getMessage();
        }
    }

    /** Frees both when it fails. */
    private static ServerSocketChannel listen(InetAddress bind, TcpSizes sizes, Selector selector) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(family(bind));
        try {
            server.configureBlocking(false);
            // Accepted sockets inherit it, in time for the window that they offer first.
            server.setOption(StandardSocketOptions.SO_RCVBUF, sizes.socketBuffer());
            server.bind(new InetSocketAddress(bind, 0), sizes.incoming());
            server.register(selector, SelectionKey.OP_ACCEPT);
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            selector.close();
            throw e;
        }
    }

    /** The family of sockets that reach an address. */
    static StandardProtocolFamily family(InetAddress address) {
        return address instanceof Inet6Address ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
    }

    private void select(SelectionKey key) {
        switch (key.attachment()) {
            case TcpIncoming connection -> enqueue(connection);
            case TcpOutgoing connection -> connection.watch();
            case null, default -> accept();
        }
    }

    private void accept() {
        try {
            while (incoming.size() < sizes.incoming()) {
                SocketChannel socket = server.accept();
                if (socket == null) {
                    return;
                }
                admit(socket);
            }
        } catch (IOException e) {
            lastProblem = "accepting: " + e.getMessage();
            return;
        }
        // Others wait in the kernel's queue, a late peer perhaps among them: turning them away would end its attempt.
        dropSilent();
    }

    private void admit(SocketChannel socket) throws IOException {
        try {
            socket.configureBlocking(false);
            long channel = ++channels;
            String from = "peer at " + TcpEndpoint.format((InetSocketAddress) socket.getRemoteAddress());
            int socketBytes = socket.getOption(StandardSocketOptions.SO_RCVBUF);
            TcpIncoming connection = new TcpIncoming(channel, socket, socketBytes, sizes, from);
            incoming.put(channel, connection);
            socket.register(selector, SelectionKey.OP_READ, connection);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Ends the connections that have not sent a whole frame in all their time. */
    private void dropSilent() {
        for (TcpIncoming connection : incoming.values()) {
            if (!connection.spoken() && !connection.ended() && connection.ageNanos() > SILENT_NANOS) {
                connection.end("silent, and others wait to connect");
                silent++;
                enqueue(connection);
            }
        }
    }

    private void enqueue(TcpIncoming connection) {
        if (!connection.queued()) {
            connection.queued(true);
            ready.add(connection);
        }
    }

    private int serve(Receiver receiver, int limit) {
        int done = 0;
        for (int turns = ready.size(); turns > 0 && done < limit; turns--) {
            TcpIncoming connection = ready.remove();
            connection.queued(false);
            if (!connection.closed()) {
                done += serve(connection, receiver, limit - done);
            }
        }
        return done;
    }

    private int serve(TcpIncoming connection, Receiver receiver, int limit) {
        serving = connection;
        int done = 0;
        try {
            int turn = Math.min(TURN, limit);
            boolean more = true;
            while (more && done < turn) {
                more = connection.hasFrame() || connection.read();
                done += connection.deliver(receiver, turn - done);
                more &= connection.full();
            }
        } finally {
            serving = null;
        }
        if (connection.ended()) {
            connection.close();
            if (incoming.remove(connection.channel()) != null) {
                malformed += connection.malformed() ? 1 : 0;
                receiver.closed(connection.channel(), connection.reason());
            }
            return done + 1;
        }
        if (connection.hasFrame()) {
            enqueue(connection);
        }
        return done;
    }
}
