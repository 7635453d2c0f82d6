package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AeronTransportTest {
    @TempDir
    Path base;

    @AfterEach
    void shouldLeaveNothingBehind() throws IOException {
        try (Stream<Path> entries = Files.list(base)) {
            assertThat(entries).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldCarryFramesOfSeveralSendersEachInOrder(String medium) {
        try (World world = new World(medium, base, 3)) {
            Outgoing first = world.dial(0, 2);
            Outgoing second = world.dial(1, 2);
            for (int number = 0; number < 100; number++) {
                world.deliver(first, number, 1000);
                world.deliver(second, 1000 + number, 500);
            }
            World.Inbox inbox = world.inboxes.get(2);
            world.until(() -> inbox.numbers.size() == 200);

            assertThat(inbox.numbers.stream().filter(number -> number < 1000))
                    .containsExactlyElementsOf(IntStream.range(0, 100).boxed().toList());
            assertThat(inbox.numbers.stream().filter(number -> number >= 1000))
                    .containsExactlyElementsOf(
                            IntStream.range(1000, 1100).boxed().toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldCarryTheSmallestAndTheLargestFrame(String medium) {
        try (World world = new World(medium, base, 2)) {
            Outgoing channel = world.dial(0, 1);
            world.deliver(channel, 42, 1);
            world.deliver(channel, 43, channel.maxFrame());
            World.Inbox inbox = world.inboxes.get(1);
            world.until(() -> inbox.lengths.size() == 2);

            assertThat(channel.maxFrame()).isEqualTo(65504 - 32);
            assertThat(inbox.lengths).containsExactly(1, channel.maxFrame());
            assertThat(inbox.lastBytes).containsExactly((byte) 42, (byte) 43);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldBeBusyWhenNobodyReadsAndTakeMoreWhenSomebodyDoes(String medium) {
        try (World world = new World(medium, base, 2)) {
            Outgoing channel = world.dial(0, 1);
            world.deliver(channel, 0, 60000);
            int sent = 1;
            while (world.send(channel, sent, 60000, 0) == SendResult.SENT) {
                sent++;
            }
            World.Inbox inbox = world.inboxes.get(1);
            int expected = sent;
            world.deliver(channel, expected, 60000);
            world.until(() -> inbox.numbers.size() == expected + 1);

            assertThat(inbox.numbers)
                    .containsExactlyElementsOf(
                            IntStream.rangeClosed(0, expected).boxed().toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldDeliverTheLastFramesBeforeItTellsThatAChannelEnded(String medium) {
        try (World world = new World(medium, base, 2)) {
            Outgoing channel = world.dial(0, 1);
            for (int number = 0; number < 10; number++) {
                world.deliver(channel, number, 100);
            }
            channel.close();
            World.Inbox inbox = world.inboxes.get(1);
            world.until(() -> !inbox.closed.isEmpty());

            assertThat(inbox.numbers).hasSize(10);
            assertThat(inbox.closed).containsExactly(inbox.channels.getFirst());
            assertThat(inbox.reasons.getFirst()).contains("has closed the channel");
            assertThat(world.send(channel, 0, 100, 0)).isEqualTo(SendResult.BROKEN);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldBreakAChannelWhoseReceiverClosed(String medium) {
        try (World world = new World(medium, base, 2)) {
            Outgoing channel = world.dial(0, 1);
            world.deliver(channel, 0, 100);
            world.transports.get(1).close();
            world.until(() -> world.send(channel, 1, 100, 0) == SendResult.BROKEN);

            assertThat(channel.fault()).contains("rank 1", "does not receive any more");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldDeliverNothingMoreOfARefusedChannelAndBreakItForItsSender(String medium) {
        try (World world = new World(medium, base, 3)) {
            Outgoing bad = world.dial(0, 2);
            Outgoing good = world.dial(1, 2);
            World.Inbox inbox = world.inboxes.get(2);
            world.deliver(bad, 1, 100);
            world.until(() -> inbox.numbers.size() == 1);
            world.transports.get(2).refuse(inbox.channels.getFirst());
            world.until(() -> world.send(bad, 2, 100, 0) == SendResult.BROKEN);
            world.deliver(good, 3, 100);
            world.until(() -> inbox.numbers.size() == 2);

            assertThat(inbox.numbers).containsExactly(1, 3);
            assertThat(inbox.closed).isEmpty();
        }
    }

    @Test
    void shouldReachOnlyRanksOfTheSameMediaDriverByMemory() {
        try (World world = new World("ipc", base, 2)) {
            AeronTransport transport = world.transports.getFirst();
            RankAddress elsewhere = World.address(5, Map.of("ipc", "7@" + base.resolve("another")));

            assertThat(transport.reaches(world.address(1))).isTrue();
            assertThat(transport.reaches(elsewhere)).isFalse();
            assertThat(transport.reaches(World.address(6, Map.of("udp", "7@127.0.0.1:1"))))
                    .isFalse();
        }
    }

    @Test
    void shouldSayWhatAnEndpointLooksLike() {
        try (World world = new World("udp", base, 1)) {
            assertThat(world.transports.getFirst().endpoint()).matches("-?\\d+@127\\.0\\.0\\.1:\\d+");
            assertThatThrownBy(() -> world.transports.getFirst().dial(World.address(1, Map.of("udp", "nonsense"))))
                    .hasMessageContaining("'nonsense' is not an endpoint")
                    .hasMessageContaining("7@10.0.0.1:40123");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ipc", "udp"})
    void shouldCountTheBytesOfItsChannels(String medium) {
        try (World world = new World(medium, base, 2)) {
            AeronSizes sizes = TestOptions.in(base, 2).sizes();
            Outgoing there = world.dial(0, 1);
            Outgoing back = world.dial(1, 0);
            world.deliver(there, 0, 100);
            world.deliver(back, 0, 100);
            world.until(() -> world.inboxes.get(0).numbers.size() == 1);

            assertThat(world.transports.get(0).bufferBytes())
                    .isEqualTo(medium.equals("ipc") ? sizes.ipcBytes() : sizes.udpBytes())
                    .isLessThanOrEqualTo(16L << 20);
        }
    }
}
