package dev.braid.trainer.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's end: listens for the ranks of one run, hands their events to one {@link Handler}, and sends them commands.
 * Each connection has a virtual thread; all calls of the handler happen under one lock, so they never overlap.
 */
final class DriverChannel implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DriverChannel.class);
    private static final int BACKLOG = 1024;

    /** What happens at the ranks. An exception from any method is passed to {@link #broke}. */
    interface Handler {
        /** A rank wants in. Returns why not, or nothing when it may. */
        Optional<String> refuse(Handshake.Peer peer);

        void event(RankEvent event);

        void failed(RankFailure failure);

        /** This handler itself threw. */
        void broke(RuntimeException failure);
    }

    private final ServerSocket server;
    private final byte[] secret;
    private final CoordinatorLimits limits;
    private final Handler handler;
    private final Thread acceptor;
    private final Object delivery = new Object();

    /** Guards the fields below. */
    private final Object state = new Object();

    private final Map<Integer, DriverConnection> connections = new HashMap<>();
    private int newestAttempt;
    private boolean stopping;
    private boolean closed;

    DriverChannel(InetAddress address, int port, byte[] secret, CoordinatorLimits limits, Handler handler)
            throws IOException {
        this.server = new ServerSocket(port, BACKLOG, address);
        this.secret = secret.clone();
        this.limits = limits;
        this.handler = handler;
        this.acceptor = Thread.ofPlatform().daemon().name("braid-driver-accept").start(this::acceptAll);
    }

    int port() {
        return server.getLocalPort();
    }

    /** Asks every rank, also one that connects later, to save and return. */
    void requestStop() {
        List<DriverConnection> open;
        synchronized (state) {
            stopping = true;
            open = List.copyOf(connections.values());
        }
        open.forEach(connection -> connection.send(new Frame(Frame.Kind.STOP)));
    }

    /** Waits until no rank is connected; returns those that still are when the deadline has passed. */
    List<Integer> awaitDisconnected(Duration deadline) throws InterruptedException {
        long end = System.nanoTime() + deadline.toNanos();
        synchronized (state) {
            long left = deadline.toMillis();
            while (!connections.isEmpty() && left > 0) {
                state.wait(left);
                left = (end - System.nanoTime()) / 1_000_000;
            }
            return connections.keySet().stream().sorted().toList();
        }
    }

    private void acceptAll() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                Thread.ofVirtual().name("braid-driver-connection").start(() -> serve(socket));
            } catch (IOException failure) {
                if (!server.isClosed()) {
                    LOG.warn("can't accept a connection of a rank", failure);
                }
            }
        }
    }

    private void serve(Socket socket) {
        try (DriverConnection connection = new DriverConnection(socket, secret, limits)) {
            if (!admit(connection)) {
                return;
            }
            try {
                readUntilLast(connection);
            } finally {
                leave(connection);
            }
        } catch (IOException stranger) {
            LOG.warn(
                    "a connection from {} was turned away: {}", socket.getRemoteSocketAddress(), stranger.getMessage());
        }
    }

    private boolean admit(DriverConnection connection) throws IOException {
        Optional<String> refusal;
        synchronized (delivery) {
            refusal = handler.refuse(connection.peer());
        }
        List<DriverConnection> replaced = List.of();
        synchronized (state) {
            if (refusal.isEmpty()) {
                refusal = conflict(connection.peer());
            }
            if (refusal.isEmpty()) {
                replaced = enter(connection);
            }
        }
        for (DriverConnection other : replaced) {
            other.close();
        }
        refusal.ifPresent(why -> connection.send(new Frame(Frame.Kind.REFUSED, why)));
        return refusal.isEmpty();
    }

    /** Why this rank can't join those that are connected. Called under {@link #state}. */
    private Optional<String> conflict(Handshake.Peer peer) {
        if (closed) {
            return Optional.of("the run is over");
        }
        if (peer.attempt() < newestAttempt) {
            return Optional.of("attempt %d is over, attempt %d runs".formatted(peer.attempt(), newestAttempt));
        }
        DriverConnection other = connections.get(peer.rank());
        if (other != null && other.peer().attempt() == peer.attempt()) {
            return Optional.of("rank %d is connected already".formatted(peer.rank()));
        }
        return Optional.empty();
    }

    /** Adds a connection and returns those of earlier attempts, which it ends. Called under {@link #state}. */
    private List<DriverConnection> enter(DriverConnection connection) {
        newestAttempt = connection.peer().attempt();
        List<DriverConnection> replaced = connections.values().stream()
                .filter(other -> other.peer().attempt() < newestAttempt)
                .toList();
        connections.values().removeAll(replaced);
        connections.put(connection.peer().rank(), connection);
        connection.send(new Frame(Frame.Kind.ACCEPTED));
        if (stopping) {
            connection.send(new Frame(Frame.Kind.STOP));
        }
        return replaced;
    }

    private void leave(DriverConnection connection) {
        synchronized (state) {
            connections.remove(connection.peer().rank(), connection);
            state.notifyAll();
        }
    }

    private boolean isCurrent(DriverConnection connection) {
        synchronized (state) {
            return connections.get(connection.peer().rank()) == connection;
        }
    }

    private void readUntilLast(DriverConnection connection) {
        try {
            boolean last = false;
            while (!last) {
                Frame frame = connection.read();
                last = frame.kind() != Frame.Kind.EVENT;
                deliver(connection, frame);
            }
            connection.send(new Frame(Frame.Kind.ACKNOWLEDGED));
            connection.awaitEnd();
        } catch (IOException gone) {
            LOG.debug("rank {} is gone", connection.peer().rank(), gone);
            if (!server.isClosed()) {
                deliver(connection, null);
            }
        }
    }

    /** Hands on one frame; null stands for a connection that ended without a last one. */
    private void deliver(DriverConnection connection, Frame frame) {
        synchronized (delivery) {
            if (!isCurrent(connection)) {
                return;
            }
            try {
                handle(connection.peer(), connection.host(), frame);
            } catch (RuntimeException failure) {
                handler.broke(failure);
            }
        }
    }

    private void handle(Handshake.Peer peer, String host, Frame frame) {
        if (frame == null) {
            handler.failed(RankFailure.lost(peer.rank(), peer.attempt(), host));
            return;
        }
        switch (frame.kind()) {
            case EVENT -> handler.event(new RankEvent(peer.rank(), peer.attempt(), frame.text()));
            case FAILED -> handler.failed(Json.read(frame.text(), RankFailure.class));
            case DONE -> LOG.debug("rank {} is done", peer.rank());
            case ACCEPTED, REFUSED, STOP, ACKNOWLEDGED ->
                throw new IllegalStateException(
                        "rank " + peer.rank() + " sent a message of the driver: " + frame.kind());
        }
    }

    /** Closes every connection and returns when no thread of this channel calls the handler any more. */
    @Override
    public void close() throws IOException {
        server.close();
        List<DriverConnection> open;
        synchronized (state) {
            closed = true;
            open = List.copyOf(connections.values());
            connections.clear();
        }
        for (DriverConnection connection : open) {
            connection.close();
        }
        synchronized (delivery) {
            LOG.debug("no event is being handled any more");
        }
        try {
            acceptor.join(limits.release());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
