package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.SendResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Ranks of one JVM with their transports, and what each has received. */
final class World implements AutoCloseable {
    static final long DEADLINE_NANOS = 20_000_000_000L;

    final List<AeronTransport> transports = new ArrayList<>();
    final List<Inbox> inboxes = new ArrayList<>();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment header = arena.allocate(64);
    private final MemorySegment payload = arena.allocate(1 << 16);

    /** What a rank received: the channel, length and number of each frame. */
    static final class Inbox implements Receiver {
        final List<Long> channels = new ArrayList<>();
        final List<Integer> lengths = new ArrayList<>();
        final List<Integer> numbers = new ArrayList<>();
        final List<Byte> lastBytes = new ArrayList<>();
        final List<Long> closed = new ArrayList<>();
        final List<String> reasons = new ArrayList<>();

        @Override
        public void frame(long channel, long address, int bytes) {
            MemorySegment frame = MemorySegment.ofAddress(address).reinterpret(bytes);
            channels.add(channel);
            lengths.add(bytes);
            numbers.add(bytes < 4 ? -1 : frame.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
            lastBytes.add(frame.get(ValueLayout.JAVA_BYTE, bytes - 1L));
        }

        @Override
        public void closed(long channel, String reason) {
            closed.add(channel);
            reasons.add(reason);
        }
    }

    World(String medium, Path base, int ranks) {
        this(medium, TestOptions.in(base, ranks), ranks);
    }

    World(String medium, AeronOptions options, int ranks) {
        for (int rank = 0; rank < ranks; rank++) {
            transports.add(
                    medium.equals("ipc")
                            ? AeronTransport.ipc(options)
                            : AeronTransport.udp(options, InetAddress.getLoopbackAddress()));
            inboxes.add(new Inbox());
        }
    }

    RankAddress address(int rank) {
        AeronTransport transport = transports.get(rank);
        return address(rank, Map.of(transport.name(), transport.endpoint()));
    }

    static RankAddress address(int rank, Map<String, String> endpoints) {
        return new RankAddress(rank, "here", "host", 1, "process", endpoints, "");
    }

    Outgoing dial(int from, int to) {
        return transports.get(from).dial(address(to));
    }

    /** Sends a frame of {@code bytes} that begins with {@code number} and ends with {@code last}. */
    SendResult send(Outgoing channel, int number, int bytes, int last) {
        int headerBytes = Math.min(bytes, 64);
        int payloadBytes = bytes - headerBytes;
        if (bytes >= 4) {
            header.set(ValueLayout.JAVA_INT_UNALIGNED, 0, number);
        }
        if (payloadBytes > 0) {
            payload.set(ValueLayout.JAVA_BYTE, payloadBytes - 1L, (byte) last);
        } else {
            header.set(ValueLayout.JAVA_BYTE, headerBytes - 1L, (byte) last);
        }
        return channel.send(header.address(), headerBytes, payload.address(), payloadBytes);
    }

    /** Sends until it is taken. */
    void deliver(Outgoing channel, int number, int bytes) {
        until(() -> {
            SendResult result = send(channel, number, bytes, number);
            assertThat(result).as(channel.fault()).isNotEqualTo(SendResult.BROKEN);
            return result == SendResult.SENT;
        });
    }

    void poll(int rank) {
        transports.get(rank).poll(inboxes.get(rank), 16);
    }

    /** Polls all ranks until the condition holds; fails after a generous deadline. */
    void until(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            for (int rank = 0; rank < transports.size(); rank++) {
                poll(rank);
            }
            Thread.onSpinWait();
            assertThat(System.nanoTime() - start)
                    .as("waited too long; %s", transports.getFirst().describe())
                    .isLessThan(DEADLINE_NANOS);
        }
    }

    @Override
    public void close() {
        transports.forEach(AeronTransport::close);
        arena.close();
    }
}
