package dev.braid.parallelism.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.braid.parallelism.transport.Numbered;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.TransportContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TcpTransportTest extends TransportContract {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @Override
    protected Transport create(int rank, int ranks) {
        return new TcpTransport(rank, ranks, LOOPBACK);
    }

    @Test
    void shouldKeepDiallingAPeerThatDoesNotListenYet() throws IOException {
        int port = freePort();
        Transport sender = open(1, 2);
        RankAddress peer = peerAt("127.0.0.1:" + port);
        Outgoing outgoing = sender.dial(peer);
        until(sender, () -> sender.describe().contains("refused"));
        assertThat(numbered.send(outgoing, 0, 100)).isEqualTo(SendResult.BUSY);
        assertThat(outgoing.fault()).isEmpty();
        assertThat(sender.describe())
                .contains("to rank 0 (process 1 on localhost) at 127.0.0.1:" + port + ": not connected yet");
        try (ServerSocket late = new ServerSocket(port, 1, LOOPBACK)) {
            until(sender, () -> numbered.send(outgoing, 0, 100) == SendResult.SENT);
            assertThat(late.accept().getInputStream().readNBytes(4)).containsExactly(0, 0, 0, 100);
        }
    }

    @Test
    void shouldWriteTheLengthBigEndianAndThenTheFrame() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            Transport sender = open(1, 2);
            Outgoing outgoing = sender.dial(peerAt("127.0.0.1:" + server.getLocalPort()));
            // The first is small and copied, the second is gathered.
            until(sender, () -> numbered.send(outgoing, 5, 300) == SendResult.SENT);
            until(sender, () -> numbered.send(outgoing, 6, 70_000) == SendResult.SENT);
            outgoing.close();
            byte[] bytes = server.accept().getInputStream().readAllBytes();
            assertThat(bytes).hasSize(4 + 300 + 4 + 70_000);
            assertThat(bytes).startsWith(0, 0, 1, 44).endsWith(Numbered.bytes(6, 70_000));
            assertThat(Arrays.copyOfRange(bytes, 304, 308)).containsExactly(0, 1, 0x11, 0x70);
        }
    }

    @Test
    void shouldNoticeThatThePeerHasClosedThoughNothingIsSent() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            Transport sender = open(1, 2);
            Outgoing outgoing = sender.dial(peerAt("127.0.0.1:" + server.getLocalPort()));
            server.accept().close();
            until(sender, () -> !outgoing.fault().isEmpty());
            assertThat(outgoing.fault()).isEqualTo("rank 0 (process 1 on localhost) closed the connection");
            assertThat(numbered.send(outgoing, 0, 100)).isEqualTo(SendResult.BROKEN);
            assertThat(sender.bufferBytes()).isZero();
        }
    }

    @Test
    void shouldNotTakeWhatAPeerSendsBackOnItsConnection() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            Transport sender = open(1, 2);
            Outgoing outgoing = sender.dial(peerAt("127.0.0.1:" + server.getLocalPort()));
            server.accept().getOutputStream().write(new byte[] {0, 0, 0, 1, 7});
            until(sender, () -> !outgoing.fault().isEmpty());
            assertThat(outgoing.fault()).contains("sent bytes on a connection that is not its to send on");
            assertThat(arrivals.frames()).isEmpty();
        }
    }

    @Test
    void shouldBreakWhenThePeerResetsTheConnectionInTheMidstOfSending() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            Transport sender = open(1, 2);
            Outgoing outgoing = sender.dial(peerAt("127.0.0.1:" + server.getLocalPort()));
            until(sender, () -> numbered.send(outgoing, 0, 200_000) == SendResult.SENT);
            // Closing with unread bytes resets; a part of the frame may still wait on our side.
            server.accept().close();
            until(sender, () -> numbered.send(outgoing, 1, 200_000) == SendResult.BROKEN);
            assertThat(outgoing.fault()).contains("rank 0 (process 1 on localhost)");
        }
    }

    @Test
    void shouldWorkOverIpv6() {
        InetAddress loopback = InetAddress.ofLiteral("::1");
        assumeTrue(canBind(loopback), "this host has no IPv6 loopback address");
        try (Transport receiver = new TcpTransport(0, 2, loopback)) {
            assertThat(receiver.endpoint()).startsWith("[0:0:0:0:0:0:0:1]:");
            sendSurely(open(1, 2).dial(address(0, receiver)), 0, 100, receiver);
            until(receiver, () -> arrivals.frames().size() == 1);
        }
    }

    @Test
    void shouldLeaveNoFileDescriptorBehind() {
        UnixOperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class);
        assumeTrue(system != null, "only Unix counts file descriptors");
        exchange();
        long before = system.getOpenFileDescriptorCount();
        for (int i = 0; i < 20; i++) {
            exchange();
        }
        // Each round opens nine or so; the JVM itself may open a few for its own ends.
        assertThat(system.getOpenFileDescriptorCount() - before).isLessThan(10);
    }

    @Test
    void shouldReadAndWriteEndpoints() {
        assertThat(TcpEndpoint.parse("10.0.0.7:40123"))
                .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.7"), 40123));
        assertThat(TcpEndpoint.format(TcpEndpoint.parse("[fd00::7]:40123"))).isEqualTo("[fd00:0:0:0:0:0:0:7]:40123");
        for (String wrong : new String[] {"", "10.0.0.7", "localhost:80", "10.0.0.7:0", "10.0.0.7:65536", "[::1:80"}) {
            assertThatThrownBy(() -> TcpEndpoint.parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            "'" + wrong + "' is not an endpoint such as 10.0.0.7:40123 or [fd00::7]:40123");
        }
    }

    @Test
    void shouldRefuseAddressesThatNobodyElseCanDial() {
        assertThatThrownBy(() -> new TcpTransport(0, 2, InetAddress.ofLiteral("0.0.0.0")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot bind to 0.0.0.0: peers must be told the address of one interface");
        assertThatThrownBy(() -> new TcpTransport(0, 2, InetAddress.ofLiteral("fe80::1")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("link-local");
        // A block that is reserved for documentation, so no interface has it.
        assertThatThrownBy(() -> new TcpTransport(0, 2, InetAddress.ofLiteral("192.0.2.1")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("rank 0: cannot listen for tcp at 192.0.2.1")
                .hasMessageContaining("choose the address of an interface of this host");
    }

    @Test
    void shouldSizeFramesByTheNumberOfRanks() {
        assertThat(TcpSizes.of(4)).isEqualTo(new TcpSizes(256 << 10, 256 << 10, 80));
        assertThat(TcpSizes.of(64)).isEqualTo(new TcpSizes(64 << 10, 64 << 10, 320));
    }

    private void exchange() {
        arrivals.frames().clear();
        arrivals.closed().clear();
        try (Transport receiver = create(0, 2);
                Transport sender = create(1, 2)) {
            sendSurely(sender.dial(address(0, receiver)), 0, 100, receiver);
            until(receiver, () -> arrivals.frames().size() == 1);
        }
    }

    private static RankAddress peerAt(String endpoint) {
        return new RankAddress(0, "localhost", "host", 1, "jvm", Map.of("tcp", endpoint), "");
    }

    private static int freePort() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            return server.getLocalPort();
        }
    }

    private static boolean canBind(InetAddress address) {
        try (ServerSocket server = new ServerSocket(0, 1, address)) {
            return server.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}
