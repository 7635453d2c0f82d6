package dev.braid.parallelism.transport.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.TransportContract;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SharedTransportTest extends TransportContract {
    @Override
    protected Transport create(int rank, int ranks) {
        return new SharedTransport(rank, ranks, "jvm");
    }

    @Test
    void shouldReachOnlyRanksOfThisJvmThatOfferIt() {
        Transport transport = open(0, 2);
        Map<String, String> shared = Map.of("shared", "00ff");
        assertThat(transport.reaches(new RankAddress(1, "h", "h", 1, "jvm", shared, "")))
                .isTrue();
        assertThat(transport.reaches(new RankAddress(1, "h", "h", 1, "other", shared, "")))
                .isFalse();
        assertThat(transport.reaches(new RankAddress(1, "h", "h", 1, "jvm", Map.of("tcp", "[::1]:7"), "")))
                .isFalse();
        assertThatThrownBy(() -> transport.dial(new RankAddress(1, "h", "h", 1, "other", shared, "")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rank 1 (process 1 on h) cannot be reached by transport 'shared'");
    }

    @Test
    void shouldSizeItsRingsByTheNumberOfRanks() {
        assertThat(SharedTransport.ringBytes(1)).isEqualTo(256 << 10);
        assertThat(SharedTransport.ringBytes(16)).isEqualTo(256 << 10);
        assertThat(SharedTransport.ringBytes(17)).isEqualTo(128 << 10);
        assertThat(SharedTransport.ringBytes(64)).isEqualTo(64 << 10);
        assertThat(SharedTransport.ringBytes(1000)).isEqualTo(64 << 10);
        // 64 ranks, all pairs: 63 rings in and 63 out.
        assertThat(2 * 63 * SharedTransport.ringBytes(64)).isLessThan(8 << 20);
    }

    @Test
    void shouldNotFindARankThatHasClosed() {
        Transport stale = open(0, 2);
        RankAddress address = address(0, stale);
        stale.close();
        Outgoing outgoing = open(1, 2).dial(address);
        assertThat(numbered.send(outgoing, 0, 100)).isEqualTo(SendResult.BROKEN);
        assertThat(outgoing.fault()).contains("rank 0", "has closed");
    }

    @Test
    void shouldNeverMeetARankOfAnotherAttempt() {
        assertThat(open(0, 2).endpoint()).hasSize(32).isNotEqualTo(open(0, 2).endpoint());
    }

    @Test
    void shouldSayWhoClosed() {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        sendSurely(outgoing, 0, 100, receiver);
        until(receiver, () -> arrivals.frames().size() == 1);
        sender.close();
        until(receiver, () -> !arrivals.closed().isEmpty());
        assertThat(arrivals.closed().values()).containsExactly("rank 1 closed");
    }

    @Test
    void shouldTurnAwayARingThatWasNeverAccepted() {
        Transport receiver = open(0, 2);
        Outgoing outgoing = open(1, 2).dial(address(0, receiver));
        assertThat(numbered.send(outgoing, 0, 100)).isEqualTo(SendResult.SENT);
        receiver.close();
        assertThat(numbered.send(outgoing, 1, 100)).isEqualTo(SendResult.BROKEN);
        assertThat(outgoing.fault()).isEqualTo("rank 0 closed");
    }

    @Test
    void shouldLeaveTheRegisterOfTheJvmWhenItCloses() {
        int before = Inbox.count();
        Transport transport = open(0, 2);
        assertThat(Inbox.count()).isEqualTo(before + 1);
        transport.close();
        assertThat(Inbox.count()).isEqualTo(before);
        assertThatThrownBy(() -> transport.dial(address(0, open(1, 2))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("after its transport 'shared' was closed");
    }

    @Test
    void shouldFreeTheRingOnceBothSidesHaveClosed() {
        ByteRing ring = new ByteRing(1024);
        ring.close(ByteRing.Side.WRITER, "first");
        ring.close(ByteRing.Side.WRITER, "second");
        assertThat(ring.reason(ByteRing.Side.WRITER)).isEqualTo("first");
        assertThat(ring.tail()).isZero();
        ring.close(ByteRing.Side.READER, "done");
        ring.close(ByteRing.Side.READER, "done again");
        assertThatThrownBy(ring::tail).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }
}
