package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DatagramRelayTest {
    private DatagramSocket target;
    private DatagramSocket client;

    @BeforeEach
    void open() throws IOException {
        target = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        client = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        target.setSoTimeout(20_000);
        client.setSoTimeout(20_000);
    }

    @AfterEach
    void close() {
        target.close();
        client.close();
    }

    private DatagramRelay relay(long delayMillis, double loss) throws IOException {
        return new DatagramRelay(
                "127.0.0.1", new InetSocketAddress("127.0.0.1", target.getLocalPort()), delayMillis, loss, 7);
    }

    private static void send(DatagramSocket from, String text, InetSocketAddress to) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        from.send(new DatagramPacket(bytes, bytes.length, to));
    }

    private static DatagramPacket receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        socket.receive(packet);
        return packet;
    }

    private static String text(DatagramPacket packet) {
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
    }

    @Test
    void shouldForwardAndBringEachClientItsOwnAnswer() throws IOException {
        try (DatagramRelay relay = relay(0, 0);
                DatagramSocket other = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            other.setSoTimeout(20_000);
            send(client, "a", relay.address());
            DatagramPacket first = receive(target);
            send(other, "b", relay.address());
            DatagramPacket second = receive(target);
            assertThat(text(first)).isEqualTo("a");
            assertThat(text(second)).isEqualTo("b");
            assertThat(first.getPort()).isNotEqualTo(second.getPort());
            send(target, "to b", (InetSocketAddress) second.getSocketAddress());
            send(target, "to a", (InetSocketAddress) first.getSocketAddress());
            DatagramPacket answer = receive(client);
            assertThat(text(answer)).isEqualTo("to a");
            assertThat(answer.getSocketAddress()).isEqualTo(relay.address());
            assertThat(text(receive(other))).isEqualTo("to b");
            assertThat(relay.lost()).isZero();
        }
    }

    @Test
    void shouldDelay() throws IOException {
        try (DatagramRelay relay = relay(30, 0)) {
            long start = System.nanoTime();
            send(client, "a", relay.address());
            receive(target);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(30_000_000);
        }
    }

    @Test
    void shouldLoseThePartThatItIsToldTo() throws IOException, InterruptedException {
        try (DatagramRelay relay = relay(0, 0.25)) {
            for (int i = 1; i <= 200; i++) {
                send(client, "a", relay.address());
                while (relay.forwarded() + relay.lost() < i) {
                    Thread.sleep(0, 100_000);
                }
            }
            assertThat(relay.lost()).isBetween(25L, 75L);
            assertThat(relay.forwarded()).isEqualTo(200 - relay.lost());
        }
    }
}
