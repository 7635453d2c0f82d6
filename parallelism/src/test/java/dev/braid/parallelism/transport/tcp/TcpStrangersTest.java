package dev.braid.parallelism.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.Arrivals;
import dev.braid.parallelism.transport.Numbered;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever finds the port may connect and send anything; two ranks go on talking meanwhile. */
@Timeout(60)
final class TcpStrangersTest {
    private static final long DEADLINE_NANOS = 30_000_000_000L;

    private final InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
    private final Transport receiver = new TcpTransport(0, 2, loopback);
    private final Transport sender = new TcpTransport(1, 2, loopback);
    private final Numbered numbered = new Numbered();
    private final Arrivals arrivals = new Arrivals();
    private final List<Socket> strangers = new ArrayList<>();

    private final Outgoing outgoing =
            sender.dial(new RankAddress(0, "localhost", "host", 1, "jvm", Map.of("tcp", receiver.endpoint()), ""));

    @AfterEach
    void close() throws IOException {
        for (Socket stranger : strangers) {
            stranger.close();
        }
        sender.close();
        receiver.close();
        numbered.close();
    }

    @Test
    void shouldCutOffImpossibleLengths() throws IOException {
        int most = outgoing.maxFrame();
        for (int length : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, most + 1}) {
            stranger()
                    .getOutputStream()
                    .write(ByteBuffer.allocate(64).putInt(length).array());
        }
        until(() -> arrivals.closed().size() == 5);
        assertThat(arrivals.closed().values())
                .anyMatch(reason -> reason.endsWith("announced a frame of 2147483647 bytes, allowed are 1 to " + most))
                .anyMatch(reason -> reason.contains("announced a frame of 0 bytes"))
                .allMatch(reason -> reason.startsWith("peer at 127.0.0.1:"));
        assertThat(receiver.describe()).contains("5 with impossible lengths");
        assertThat(arrivals.frames()).isEmpty();
        assertUndisturbed();
    }

    @Test
    void shouldHoldLittleForLengthsThatAreOnlyClaimed() throws IOException {
        until(() -> receiver.describe().contains("1 channels in"));
        long one = receiver.bufferBytes();
        byte[] claim = ByteBuffer.allocate(1_000).putInt(outgoing.maxFrame()).array();
        for (int i = 0; i < 40; i++) {
            stranger().getOutputStream().write(claim);
        }
        until(() -> receiver.describe().contains("41 channels in"));
        for (int i = 0; i < 1_000; i++) {
            receiver.poll(arrivals, 16);
        }
        // Nobody's buffer has grown, although each has announced 256 KiB.
        assertThat(receiver.bufferBytes()).isEqualTo(41 * one);
        assertThat(arrivals.closed()).isEmpty();
        assertUndisturbed();
    }

    @Test
    void shouldSurviveRandomBytes() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = new byte[1 + random.nextInt(2_000)];
            random.nextBytes(bytes);
            // Half of them begin with a length that is allowed.
            if (i % 2 == 0 && bytes.length > 4) {
                ByteBuffer.wrap(bytes).putInt(1 + random.nextInt(bytes.length));
            }
            try (Socket stranger = stranger()) {
                stranger.getOutputStream().write(bytes);
            } catch (SocketException e) {
                // Cut off before it had said everything.
                assertThat(e).hasMessageMatching("Broken pipe|Connection reset.*");
            }
            receiver.poll(arrivals, 16);
        }
        until(() -> arrivals.closed().size() == 300);
        assertThat(arrivals.frames())
                .as("seed " + seed)
                .hasSizeGreaterThan(50)
                .allSatisfy(frame -> assertThat(frame.bytes().length).isBetween(1, outgoing.maxFrame()));
        assertUndisturbed();
    }

    @Test
    void shouldLetConnectionsBeyondItsLimitWait() throws IOException {
        // 2 ranks: 4 x 2 + 64 connections, one of which is our own.
        until(() -> receiver.describe().contains("1 channels in (at most 72)"));
        for (int i = 0; i < 80; i++) {
            // A frame of one byte each: they are not silent.
            stranger().getOutputStream().write(new byte[] {0, 0, 0, 1, 7});
            receiver.poll(arrivals, 16);
        }
        until(() -> arrivals.frames().size() == 71);
        assertUndisturbed();
        assertThat(receiver.describe()).contains("72 channels in");
        for (Socket stranger : strangers.subList(0, 9)) {
            stranger.close();
        }
        until(() -> arrivals.frames().stream()
                        .filter(frame -> frame.bytes().length == 1)
                        .count()
                == 80);
        assertThat(arrivals.closed()).hasSize(9);
        assertUndisturbed();
    }

    @Test
    void shouldDropSilentConnectionsWhenARankWaits() throws IOException {
        assertUndisturbed();
        for (int i = 0; i < 71; i++) {
            stranger();
        }
        until(() -> receiver.describe().contains("72 channels in"));
        arrivals.frames().clear();
        try (Transport late = new TcpTransport(1, 2, loopback)) {
            Outgoing another = late.dial(address());
            until(() -> numbered.send(another, 3, 50) == SendResult.SENT);
            until(() -> !arrivals.frames().isEmpty());
        }
        assertThat(arrivals.closed().values()).contains("silent, and others wait to connect");
        assertThat(receiver.describe()).containsPattern("[1-9][0-9]? dropped as silent");
        // The connection that had spoken before stays.
        assertUndisturbed();
    }

    private Socket stranger() throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(loopback, port()), 10_000);
        socket.setSoTimeout(10_000);
        strangers.add(socket);
        return socket;
    }

    private RankAddress address() {
        return new RankAddress(0, "localhost", "host", 1, "jvm", Map.of("tcp", receiver.endpoint()), "");
    }

    private int port() {
        return TcpEndpoint.parse(receiver.endpoint()).getPort();
    }

    /** The two ranks exchange a frame that no stranger sends. */
    private void assertUndisturbed() {
        byte[] expected = Numbered.bytes(9, 100_000);
        until(() -> numbered.send(outgoing, 9, 100_000) == SendResult.SENT);
        until(() -> arrivals.frames().stream().anyMatch(frame -> Arrays.equals(frame.bytes(), expected)));
        assertThat(outgoing.fault()).isEmpty();
    }

    private void until(BooleanSupplier condition) {
        long end = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(receiver.describe()).isLessThan(end);
            receiver.poll(arrivals, 16);
            sender.poll(arrivals, 16);
        }
    }
}
