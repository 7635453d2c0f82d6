package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Cut;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Link;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Partition;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Slow;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Stop;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Frames take 10 us; channels are connected at 20 us. */
class ScheduledFaultTest {
    private static final long NEVER = ScheduledFault.NEVER;

    @Test
    void shouldLoseWhatIsSentWhileAPartitionLasts() {
        try (Pair pair = Pair.with(Partition.between(0, 1, 100_000, 200_000, false))) {
            sendAt(pair, 99_999, "before");
            sendAt(pair, 100_000, "during");
            sendAt(pair, 199_999, "at its end");
            sendAt(pair, 200_000, "after");

            assertThat(pair.receivedBy(300_000)).containsExactly("before", "after");
        }
    }

    @Test
    void shouldHoldBackWhatIsSentWhileAPartitionLasts() {
        try (Pair pair = Pair.with(Partition.between(0, 1, 100_000, 200_000, true))) {
            sendAt(pair, 150_000, "during");

            assertThat(pair.receivedBy(209_999)).isEmpty();
            assertThat(pair.receivedBy(210_000)).containsExactly("during");
        }
    }

    @Test
    void shouldCutOffOneDirectionOnly() {
        Partition oneWay = new Partition(List.of(new Link(1, 0)), 30_000, NEVER, false);
        try (Pair pair = Pair.with(oneWay)) {
            Outgoing back = pair.receiver.dial(pair.sender.address());
            sendAt(pair, 50_000, "there");
            assertThat(pair.mailbox.send(back, "and back")).isEqualTo(SendResult.SENT);
            pair.network.advance(1_000_000);

            assertThat(pair.network.hasInput(0)).isFalse();
            assertThat(pair.receivedBy(1_000_000)).containsExactly("there");
        }
    }

    @Test
    void shouldConnectOnceAPartitionHasHealed() {
        try (Pair pair = Pair.with(Partition.splitting(List.of(0, 2), 3, 0, 500_000, false))) {
            pair.network.advance(519_999);
            assertThat(pair.send("early")).isEqualTo(SendResult.BUSY);

            sendAt(pair, 520_000, "now");

            assertThat(pair.receivedBy(530_000)).containsExactly("now");
        }
    }

    @Test
    void shouldNotSeparateRanksOfOneSide() {
        try (Pair pair = Pair.with(Partition.splitting(List.of(0, 1), 3, 0, NEVER, false))) {
            sendAt(pair, 20_000, "neighbour");

            assertThat(pair.receivedBy(30_000)).containsExactly("neighbour");
        }
    }

    @Test
    void shouldDeliverNothingToADeadRank() {
        try (Pair pair = Pair.with(Kill.atTime(1, 35_000))) {
            sendAt(pair, 20_000, "waits in its inbox");
            sendAt(pair, 30_000, "arrives later");

            assertThat(pair.receivedBy(1_000_000)).isEmpty();
            assertThat(pair.network.killed(1)).isTrue();
            assertThat(pair.network.hasInput(1)).isFalse();
        }
    }

    @Test
    void shouldDieBetweenTwoFramesOfOnePoll() {
        // Steps: two frames are sent, then one is delivered; the second delivery is the fourth.
        try (Pair pair = Pair.with(Kill.atStep(1, 4)).connected()) {
            pair.send("a");
            pair.send("b");

            assertThat(pair.receivedBy(30_000)).containsExactly("a");
            assertThat(pair.network.killed(1)).isTrue();
        }
    }

    @Test
    void shouldDieBetweenTwoSends() {
        try (Pair pair = Pair.with(Kill.atStep(0, 1)).connected()) {
            assertThat(pair.send("a")).isEqualTo(SendResult.SENT);
            assertThat(pair.send("b")).isEqualTo(SendResult.BUSY);

            assertThat(pair.receivedBy(1_000_000)).containsExactly("a");
            assertThat(pair.mailbox.endings).isEmpty();
        }
    }

    @Test
    void shouldFillTheQueueOfADeadRankThatNobodyNotices() {
        NetworkFaults faults = NetworkFaults.none().with(Kill.atTime(1, 20_000)).withQueue(2, 1024);
        try (Pair pair = new Pair(1, faults).connected()) {
            pair.send("a");
            pair.send("b");
            pair.network.advance(1_000_000_000);

            assertThat(pair.send("c")).isEqualTo(SendResult.BUSY);
            assertThat(pair.channel.fault()).isEmpty();
        }
    }

    @Test
    void shouldLoseWhatADeadRankHadUnderWay() {
        try (Pair pair = Pair.with(new Kill(0, NEVER, 25_000, 1, NEVER)).connected()) {
            pair.send("under way");

            assertThat(pair.receivedBy(1_000_000)).isEmpty();
        }
    }

    @Test
    void shouldEndTheChannelsOfADeadRankWhenItIsNoticed() {
        try (Pair pair = Pair.with(new Kill(0, NEVER, 25_000, 0, 100_000)).connected()) {
            pair.send("under way");

            assertThat(pair.receivedBy(134_999)).containsExactly("under way");
            assertThat(pair.mailbox.endings).isEmpty();
            pair.receivedBy(135_000);
            assertThat(pair.mailbox.endings).containsExactly("the process of rank 0 is gone");
        }
    }

    @Test
    void shouldBreakTheChannelsToADeadRankWhenItIsNoticed() {
        try (Pair pair = Pair.with(new Kill(1, NEVER, 25_000, 0, 100_000))) {
            pair.network.advance(134_999);
            assertThat(pair.send("a")).isEqualTo(SendResult.SENT);
            pair.network.advance(135_000);

            assertThat(pair.send("b")).isEqualTo(SendResult.BROKEN);
            assertThat(pair.channel.fault()).isEqualTo("the process of rank 1 is gone");
        }
    }

    @Test
    void shouldNotConnectToADeadRank() {
        try (Pair pair = Pair.with(Kill.atTime(1, 5_000))) {
            pair.network.advance(1_000_000_000);

            assertThat(pair.send("a")).isEqualTo(SendResult.BUSY);
        }
    }

    @Test
    void shouldCutAChannelButLetANewOneBeDialled() {
        try (Pair pair = Pair.with(new Cut(new Link(0, 1), 25_000)).connected()) {
            pair.send("under way");
            assertThat(pair.receivedBy(35_000)).isEmpty();
            assertThat(pair.mailbox.endings).containsExactly("the connection from rank 0 to rank 1 was cut");
            assertThat(pair.send("a")).isEqualTo(SendResult.BROKEN);

            Outgoing second = pair.sender.dial(pair.receiver.address());
            pair.network.advance(55_000);
            pair.mailbox.send(second, "again");

            assertThat(pair.receivedBy(65_000)).containsExactly("again");
        }
    }

    @Test
    void shouldRefuseFaultsOfRanksThatAreNotThere() {
        assertThatThrownBy(() -> Pair.with(new Stop(3, 1, 2)))
                .hasMessage("there is no rank 3 among 3 in the scheduled fault Stop[rank=3, from=1, until=2]");
    }

    @Test
    void shouldRefuseMomentsThatMakeNoSense() {
        assertThatThrownBy(() -> new Stop(0, 5, 5)).hasMessage("a stop from 5 until 5 ns, must end after its start");
        assertThatThrownBy(() -> Partition.between(0, 1, -1, 5, true))
                .hasMessage("the start of a partition is -1, must be from 0 to " + ScheduledFault.LATEST
                        + ", or ScheduledFault.NEVER");
        assertThatThrownBy(() -> Kill.atTime(0, NEVER - 1)).hasMessageStartingWith("the time of a kill is");
        assertThatThrownBy(() -> new Slow(0, 1)).hasMessageStartingWith("polls of 1 ns, must take from 2");
        assertThatThrownBy(() -> Delays.constant(0)).hasMessageStartingWith("delays of 0, 0 and 0 ns");
    }

    private static void sendAt(Pair pair, long time, String text) {
        pair.network.advance(time);
        assertThat(pair.send(text)).isEqualTo(SendResult.SENT);
    }
}
