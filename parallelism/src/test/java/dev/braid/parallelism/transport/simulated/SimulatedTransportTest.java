package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import org.junit.jupiter.api.Test;

class SimulatedTransportTest {
    private static final NetworkFaults GOOD = NetworkFaults.none();

    @Test
    void shouldBeBusyUntilTheChannelIsConnected() {
        try (Pair pair = new Pair(1, GOOD)) {
            pair.network.advance(19_999);
            assertThat(pair.send("early")).isEqualTo(SendResult.BUSY);
            assertThat(pair.network.hasInput(0)).isFalse();

            pair.network.advance(20_000);

            assertThat(pair.network.hasInput(0)).as("told that it can send").isTrue();
            assertThat(pair.send("now")).isEqualTo(SendResult.SENT);
        }
    }

    @Test
    void shouldDeliverFramesAfterTheDelay() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.send("first");
            pair.send("second");

            assertThat(pair.receivedBy(29_999)).isEmpty();
            assertThat(pair.receivedBy(30_000)).containsExactly("first", "second");
            assertThat(pair.receiver.bufferBytes()).isZero();
        }
    }

    @Test
    void shouldHandUpNoMoreThanTheLimit() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.send("first");
            pair.send("second");
            pair.network.advance(30_000);

            assertThat(pair.receiver.poll(pair.mailbox, 1)).isEqualTo(1);
            assertThat(pair.mailbox.received).containsExactly("first");
            assertThat(pair.network.hasInput(1)).as("something is left").isTrue();
        }
    }

    @Test
    void shouldOverwriteAFrameOnceItWasDelivered() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.send("abc");
            pair.receivedBy(30_000);

            assertThat(Mailbox.read(pair.mailbox.lastAddress, 3)).isEqualTo("\u00db\u00db\u00db");
        }
    }

    @Test
    void shouldBeBusyWhileTheQueueIsFull() {
        try (Pair pair = new Pair(1, GOOD.withQueue(2, 1024)).connected()) {
            assertThat(pair.send("a")).isEqualTo(SendResult.SENT);
            assertThat(pair.send("b")).isEqualTo(SendResult.SENT);
            assertThat(pair.send("c")).isEqualTo(SendResult.BUSY);
            assertThat(pair.sender.bufferBytes()).isEqualTo(2);

            pair.receivedBy(30_000);

            assertThat(pair.network.hasInput(0)).as("told that there is room").isTrue();
            assertThat(pair.send("c")).isEqualTo(SendResult.SENT);
            assertThat(pair.receivedBy(40_000)).containsExactly("a", "b", "c");
        }
    }

    @Test
    void shouldTellTheReceiverOfAClosedChannelAfterItsLastFrame() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.send("last");
            pair.channel.close();

            assertThat(pair.receivedBy(39_999)).containsExactly("last");
            assertThat(pair.mailbox.endings).isEmpty();
            pair.receivedBy(40_000);
            assertThat(pair.mailbox.endings).containsExactly("rank 0 closed the channel");
            assertThat(pair.send("late")).isEqualTo(SendResult.BROKEN);
            assertThat(pair.channel.fault()).isEqualTo("closed by this rank");
        }
    }

    @Test
    void shouldBreakTheChannelsToARankThatCloses() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.receiver.close();
            assertThat(pair.send("lost")).isEqualTo(SendResult.SENT);
            pair.network.advance(30_000);

            assertThat(pair.send("late")).isEqualTo(SendResult.BROKEN);
            assertThat(pair.channel.fault()).isEqualTo("rank 1 closed");
            assertThat(pair.sender.bufferBytes()).isZero();
        }
    }

    @Test
    void shouldDeliverNothingOfARefusedChannel() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.send("a");
            pair.send("b");
            pair.network.advance(30_000);
            pair.receiver.poll(pair.mailbox, 1);
            pair.receiver.refuse(0);

            assertThat(pair.receivedBy(40_000)).containsExactly("a");
            assertThat(pair.send("c")).isEqualTo(SendResult.BROKEN);
            assertThat(pair.channel.fault()).isEqualTo("rank 1 refused the channel");
        }
    }

    @Test
    void shouldNotReachRanksOfAnotherNetwork() {
        try (Pair pair = new Pair(1, GOOD);
                Pair other = new Pair(2, GOOD)) {
            assertThat(pair.sender.reaches(pair.receiver.address())).isTrue();
            assertThat(pair.sender.reaches(other.receiver.address())).isFalse();
            assertThatThrownBy(() -> pair.sender.dial(other.receiver.address()))
                    .hasMessage("rank 1 (process 2 on host-1) has the endpoint 'seed-2/rank-1',"
                            + " which is not in this simulated network");
        }
    }

    @Test
    void shouldRefuseToSendMoreThanTheLargestFrame() {
        try (Pair pair = new Pair(1, GOOD.withQueue(1, 1024)).connected()) {
            assertThat(pair.send("x".repeat(1024))).isEqualTo(SendResult.SENT);
            assertThatThrownBy(() -> pair.send("x".repeat(1025)))
                    .hasMessage("a frame of 1 + 1024 bytes from rank 0 to rank 1 must have a header,"
                            + " and at most 1024 bytes");
        }
    }

    @Test
    void shouldDescribeItsChannels() {
        try (Pair pair = new Pair(1, GOOD).connected()) {
            pair.send("abc");

            assertThat(pair.receiver.describe().lines())
                    .containsExactly(
                            "simulated, rank 1", "channel 0, rank 0 to rank 1: open, 1 frames of 3 bytes under way");
        }
    }

    @Test
    void shouldKeepChannelsOfOneSenderApart() {
        try (Pair pair = new Pair(1, GOOD)) {
            Outgoing second = pair.sender.dial(pair.network.transport(2).address());
            pair.connected();
            pair.mailbox.send(second, "for rank 2");

            assertThat(pair.receivedBy(30_000)).isEmpty();
            assertThat(pair.network.hasInput(2)).isTrue();
        }
    }
}
