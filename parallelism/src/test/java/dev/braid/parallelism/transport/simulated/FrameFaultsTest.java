package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.SendResult;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FrameFaultsTest {
    private static final List<String> NUMBERS =
            IntStream.range(0, 50).mapToObj(Integer::toString).toList();
    private static final Delays JITTER = new Delays(10_000, 0, 1, 1_000_000);

    @Test
    void shouldDeliverEveryFrameTwiceWhenAllAreDoubled() {
        try (Pair pair = Pair.with(FrameFaults.duplicating(1)).connected()) {
            pair.send("a");
            pair.send("b");

            assertThat(pair.receivedBy(30_000)).containsExactly("a", "a", "b", "b");
        }
    }

    @Test
    void shouldTakeFramesAndLoseThem() {
        try (Pair pair = Pair.with(FrameFaults.dropping(1)).connected()) {
            assertThat(pair.send("a")).isEqualTo(SendResult.SENT);

            assertThat(pair.receivedBy(1_000_000)).isEmpty();
            assertThat(pair.sender.bufferBytes()).isZero();
        }
    }

    @Test
    void shouldLoseAboutAsManyFramesAsTheProbabilitySays() {
        try (Pair pair = new Pair(
                        7, NetworkFaults.none().with(FrameFaults.dropping(0.25)).withQueue(1000, 1024))
                .connected()) {
            for (int frame = 0; frame < 1000; frame++) {
                pair.send("x");
            }

            assertThat(pair.receivedBy(30_000)).hasSizeBetween(700, 800);
        }
    }

    @Test
    void shouldFlipOneBit() {
        try (Pair pair = Pair.with(FrameFaults.corrupting(1)).connected()) {
            pair.send("AAAA");

            String received = pair.receivedBy(30_000).getFirst();
            assertThat(received).hasSize(4);
            int flipped =
                    received.chars().map(each -> Integer.bitCount(each ^ 'A')).sum();
            assertThat(flipped).isEqualTo(1);
        }
    }

    @Test
    void shouldKeepTheOrderOfFramesWhateverTheirDelays() {
        try (Pair pair = new Pair(1, NetworkFaults.none().with(JITTER))) {
            pair.network.advance(10_000_000);
            NUMBERS.forEach(pair::send);

            assertThat(pair.receivedBy(20_000_000)).isEqualTo(NUMBERS);
        }
    }

    @Test
    void shouldLetFramesOvertakeEachOther() {
        try (Pair pair = new Pair(1, NetworkFaults.none().with(JITTER).with(FrameFaults.reordering(1)))) {
            pair.network.advance(10_000_000);
            NUMBERS.forEach(pair::send);

            assertThat(pair.receivedBy(20_000_000))
                    .containsExactlyInAnyOrderElementsOf(NUMBERS)
                    .isNotEqualTo(NUMBERS);
        }
    }

    @Test
    void shouldEndAClosedChannelAfterFramesThatWereOvertaken() {
        try (Pair pair = new Pair(1, NetworkFaults.none().with(JITTER).with(FrameFaults.reordering(1)))) {
            pair.network.advance(10_000_000);
            NUMBERS.forEach(pair::send);
            pair.channel.close();

            while (pair.mailbox.endings.isEmpty()) {
                pair.receivedBy(pair.network.nextEvent());
            }
            assertThat(pair.mailbox.received).hasSameSizeAs(NUMBERS);
        }
    }

    @Test
    void shouldLoseTheLastFramesOfAChannelThatIsClosed() {
        try (Pair pair = Pair.with(FrameFaults.losingAtClose(1)).connected()) {
            NUMBERS.forEach(pair::send);
            pair.channel.close();

            List<String> received = pair.receivedBy(1_000_000);
            assertThat(received.size()).isLessThan(NUMBERS.size());
            assertThat(received).isEqualTo(NUMBERS.subList(0, received.size()));
            assertThat(pair.mailbox.endings).hasSize(1);
        }
    }

    @Test
    void shouldRefuseWhatIsNoProbability() {
        assertThatThrownBy(() -> FrameFaults.dropping(1.5))
                .hasMessage("drop is 1.5, must be a probability from 0 to 1");
        assertThatThrownBy(() -> FrameFaults.dropping(Double.NaN)).hasMessageContaining("drop is NaN");
    }
}
