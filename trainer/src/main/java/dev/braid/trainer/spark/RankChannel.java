package dev.braid.trainer.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A rank's end of the connection to the driver: one thread writes what {@link #send} queues, one reads the driver's
 * commands. Any thread of the rank may call it.
 */
final class RankChannel implements AutoCloseable {
    private static final int QUEUE = 4096;
    private static final long CHECK_MILLISECONDS = 100;

    private final String name;
    private final CoordinatorLimits limits;
    private final Socket socket;
    private final DataInputStream input;
    private final DataOutputStream output;
    private final BlockingQueue<Frame> outgoing = new ArrayBlockingQueue<>(QUEUE);
    private final CompletableFuture<Void> acknowledged = new CompletableFuture<>();
    private volatile boolean stopRequested;
    private Thread reader;
    private Thread writer;

    private RankChannel(String name, CoordinatorLimits limits, Socket socket) throws IOException {
        this.name = name;
        this.limits = limits;
        this.socket = socket;
        this.input = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        this.output = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
    }

    /**
     * Connects rank {@code me} to the driver.
     *
     * @throws IOException when the driver can't be reached or refuses; the message says what to do
     */
    static RankChannel connect(ChannelAddress address, Handshake.Peer me, CoordinatorLimits limits) throws IOException {
        Socket socket = new Socket();
        int milliseconds = Math.toIntExact(limits.connect().toMillis());
        try {
            socket.connect(new InetSocketAddress(address.host(), address.port()), milliseconds);
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            socket.setSoTimeout(milliseconds);
            RankChannel channel =
                    new RankChannel("rank " + me.rank() + " and the driver at " + address, limits, socket);
            Handshake.connect(channel.input, channel.output, address.secret(), me);
            Frame verdict = Frame.read(channel.input);
            if (verdict.kind() != Frame.Kind.ACCEPTED) {
                throw new IOException("it refused: " + verdict.text());
            }
            socket.setSoTimeout(0);
            channel.start(me.rank());
            return channel;
        } catch (IOException failure) {
            socket.close();
            throw new IOException(
                    ("rank %d can't talk to the driver at %s: %s. If that address is wrong for executors, set"
                                    + " spark.driver.host (and spark.braid.coordinator.port where a firewall opens only"
                                    + " some ports)")
                            .formatted(me.rank(), address, failure.getMessage()),
                    failure);
        }
    }

    private void start(int rank) {
        reader = Thread.ofPlatform()
                .daemon()
                .name("braid-rank-" + rank + "-commands")
                .start(this::readCommands);
        writer = Thread.ofPlatform()
                .daemon()
                .name("braid-rank-" + rank + "-events")
                .start(this::writeFrames);
    }

    private void readCommands() {
        try {
            while (true) {
                Frame frame = Frame.read(input);
                switch (frame.kind()) {
                    case STOP -> stopRequested = true;
                    case ACKNOWLEDGED -> {
                        acknowledged.complete(null);
                        return;
                    }
                    case REFUSED -> throw new IOException(frame.text());
                    case ACCEPTED, EVENT, FAILED, DONE -> throw new IOException("unexpected message " + frame.kind());
                }
            }
        } catch (IOException gone) {
            acknowledged.completeExceptionally(gone);
        }
    }

    private void writeFrames() {
        try {
            while (true) {
                Frame frame = outgoing.take();
                frame.write(output);
                if (outgoing.isEmpty()) {
                    output.flush();
                }
            }
        } catch (IOException gone) {
            acknowledged.completeExceptionally(gone);
        } catch (InterruptedException closed) {
            // close() has ended this thread; what is left in the queue has no reader any more
        }
    }

    boolean stopRequested() {
        return stopRequested;
    }

    /** Queues a frame; it goes out in the order of the calls of one thread. */
    void send(Frame frame) {
        long deadline = System.nanoTime() + limits.delivery().toNanos();
        try {
            while (!outgoing.offer(frame, CHECK_MILLISECONDS, TimeUnit.MILLISECONDS)) {
                checkAlive();
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("the driver took no event of this rank for "
                            + limits.delivery().toSeconds() + " s");
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while an event was being sent", interrupted);
        }
        checkAlive();
    }

    private void checkAlive() {
        if (acknowledged.isCompletedExceptionally()) {
            throw new IllegalStateException(
                    "the connection between " + name + " broke: "
                            + acknowledged.exceptionNow().getMessage(),
                    acknowledged.exceptionNow());
        }
    }

    /** Sends the last frame and waits until the driver has handled everything that this rank sent. */
    void finish(Frame last) throws InterruptedException {
        send(last);
        try {
            acknowledged.get(limits.delivery().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException broken) {
            checkAlive();
        } catch (TimeoutException late) {
            throw new IllegalStateException(
                    "the driver has not handled the events of this rank within "
                            + limits.delivery().toSeconds() + " s",
                    late);
        }
    }

    @Override
    public void close() throws IOException {
        writer.interrupt();
        socket.close();
        try {
            writer.join(limits.release());
            reader.join(limits.release());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
