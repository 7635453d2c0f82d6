package dev.braid.trainer.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bad link: forwards datagrams to a target after a delay, and loses some. Each client gets a socket of its own towards the
 * target, so that what the target answers to the sender of a datagram finds its way back, just as late and lossy.
 */
final class DatagramRelay implements AutoCloseable {
    private static final int LARGEST = 1 << 16;
    /** As a router's queue: what comes when it is full is lost. */
    private static final long MOST_QUEUED_BYTES = 64 << 20;

    private record Waiting(long dueNanos, byte[] bytes, DatagramChannel by, SocketAddress to) {}

    private final Selector selector = Selector.open();
    private final DatagramChannel front;
    private final SocketAddress target;
    private final long delayNanos;
    private final double loss;
    private final SplittableRandom random;
    private final Map<SocketAddress, DatagramChannel> clients = new HashMap<>();
    private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST);
    private final AtomicLong forwarded = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final Thread thread;
    private long queuedBytes;
    private volatile boolean closed;

    /**
     * Starts to forward what comes to a port of {@code host}.
     *
     * @param loss part of the datagrams that is lost, from 0 to 1; which ones, {@code seed} decides
     */
    DatagramRelay(String host, InetSocketAddress target, long delayMillis, double loss, long seed) throws IOException {
        this.target = target;
        this.delayNanos = delayMillis * 1_000_000;
        this.loss = loss;
        this.random = new SplittableRandom(seed);
        this.front = open(new InetSocketAddress(host, 0));
        front.register(selector, SelectionKey.OP_READ);
        this.thread = Thread.ofPlatform().daemon().name("relay to " + target).start(this::relay);
    }

    private static DatagramChannel open(InetSocketAddress local) throws IOException {
        DatagramChannel channel = DatagramChannel.open();
        channel.configureBlocking(false);
        channel.bind(local);
        return channel;
    }

    /** Where clients send to. */
    InetSocketAddress address() throws IOException {
        return (InetSocketAddress) front.getLocalAddress();
    }

    /** Datagrams passed on, both ways. */
    long forwarded() {
        return forwarded.get();
    }

    /** Datagrams lost, both ways. */
    long lost() {
        return lost.get();
    }

    private void relay() {
        try {
            while (!closed) {
                selector.select(queue.isEmpty() ? 100 : 1);
                for (SelectionKey key : selector.selectedKeys()) {
                    receive(key);
                }
                selector.selectedKeys().clear();
                sendDue();
            }
        } catch (IOException failure) {
            if (!closed) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    private void receive(SelectionKey key) throws IOException {
        DatagramChannel channel = (DatagramChannel) key.channel();
        while (true) {
            buffer.clear();
            SocketAddress from = channel.receive(buffer);
            if (from == null) {
                return;
            }
            byte[] bytes = new byte[buffer.flip().remaining()];
            buffer.get(bytes);
            if (channel == front) {
                enqueue(bytes, towardsTarget(from), target);
            } else {
                enqueue(bytes, front, (SocketAddress) key.attachment());
            }
        }
    }

    private DatagramChannel towardsTarget(SocketAddress client) throws IOException {
        DatagramChannel known = clients.get(client);
        if (known != null) {
            return known;
        }
        DatagramChannel fresh = open(new InetSocketAddress(address().getAddress(), 0));
        fresh.register(selector, SelectionKey.OP_READ, client);
        clients.put(client, fresh);
        return fresh;
    }

    private void enqueue(byte[] bytes, DatagramChannel by, SocketAddress to) {
        if (random.nextDouble() < loss || queuedBytes + bytes.length > MOST_QUEUED_BYTES) {
            lost.incrementAndGet();
            return;
        }
        queuedBytes += bytes.length;
        queue.add(new Waiting(System.nanoTime() + delayNanos, bytes, by, to));
    }

    private void sendDue() {
        long now = System.nanoTime();
        while (!queue.isEmpty() && queue.peek().dueNanos - now <= 0) {
            Waiting waiting = queue.poll();
            queuedBytes -= waiting.bytes.length;
            try {
                boolean sent = waiting.by.send(ByteBuffer.wrap(waiting.bytes), waiting.to) > 0;
                (sent ? forwarded : lost).incrementAndGet();
            } catch (IOException unreachable) {
                lost.incrementAndGet();
            }
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        for (DatagramChannel client : clients.values()) {
            client.close();
        }
        front.close();
        selector.close();
    }
}
