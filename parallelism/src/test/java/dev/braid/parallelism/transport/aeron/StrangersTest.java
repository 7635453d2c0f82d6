package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.Outgoing;
import io.aeron.protocol.HeaderFlyweight;
import io.aeron.protocol.SetupFlyweight;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What anybody can send to the udp port of a rank. */
class StrangersTest {
    @TempDir
    Path base;

    @Test
    void shouldCarryFramesWhileRandomDatagramsArrive() throws IOException {
        Random random = new Random(7);
        try (World world = new World("udp", base, 2);
                DatagramSocket stranger = new DatagramSocket()) {
            Outgoing channel = world.dial(0, 1);
            for (int number = 0; number < 200; number++) {
                world.deliver(channel, number, 500);
                for (int i = 0; i < 10; i++) {
                    byte[] noise = new byte[random.nextInt(1400)];
                    random.nextBytes(noise);
                    send(stranger, world, noise);
                }
            }
            World.Inbox inbox = world.inboxes.get(1);
            world.until(() -> inbox.numbers.size() == 200);

            assertThat(inbox.numbers).isSorted().doesNotHaveDuplicates();
            assertThat(inbox.channels.stream().distinct()).hasSize(1);
        }
    }

    @Test
    void shouldNotLetAStrangerChooseHowMuchMemoryAChannelTakes() throws IOException {
        try (World world = new World("udp", base, 2);
                DatagramSocket stranger = new DatagramSocket()) {
            long before = world.transports.get(1).bufferBytes();
            world.until(() -> {
                setup(stranger, world, 1, 1 << 30);
                return world.transports.get(1).describe().matches("(?s).* [1-9]\\d* oversized channels refused.*");
            });

            assertThat(world.transports.get(1).bufferBytes()).isEqualTo(before);
        }
    }

    @Test
    void shouldBoundTheChannelsThatStrangersOpen() throws IOException {
        try (World world = new World("udp", base, 2);
                DatagramSocket stranger = new DatagramSocket()) {
            int most = HostedDriver.mostChannels(2);
            for (int round = 0; round < 3; round++) {
                for (int session = 0; session < 5 * most; session++) {
                    setup(stranger, world, session, 64 << 10);
                }
            }
            world.until(() -> world.transports.get(1).describe().contains(most + " incoming channels"));
            for (int round = 0; round < 100; round++) {
                setup(stranger, world, 10_000 + round, 64 << 10);
                world.poll(1);
            }

            assertThat(world.transports.get(1).describe()).contains(most + " incoming channels (at most " + most + ")");
        }
    }

    /** The datagram by which Aeron announces a channel. */
    private static void setup(DatagramSocket stranger, World world, int session, int termLength) {
        UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocate(SetupFlyweight.HEADER_LENGTH));
        SetupFlyweight setup = new SetupFlyweight();
        setup.wrap(buffer, 0, SetupFlyweight.HEADER_LENGTH);
        setup.version(HeaderFlyweight.CURRENT_VERSION)
                .flags((short) 0)
                .headerType(HeaderFlyweight.HDR_TYPE_SETUP)
                .frameLength(SetupFlyweight.HEADER_LENGTH);
        setup.termOffset(0)
                .sessionId(session)
                .streamId(StreamAddress.parse(world.transports.get(1).endpoint()).stream())
                .initialTermId(3)
                .activeTermId(3)
                .termLength(termLength)
                .mtuLength(1408)
                .ttl(0);
        send(stranger, world, buffer.byteBuffer().array());
    }

    private static void send(DatagramSocket stranger, World world, byte[] bytes) {
        String place = StreamAddress.parse(world.transports.get(1).endpoint()).place();
        int port = Integer.parseInt(place.substring(place.lastIndexOf(':') + 1));
        try {
            stranger.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
