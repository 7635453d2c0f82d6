package dev.braid.parallelism.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every transport whose channels keep their order owes, between ranks of this JVM. */
@Timeout(60)
public abstract class TransportContract {
    /** No test takes a tenth of it; a shared machine may stall anybody for a while. */
    private static final long DEADLINE_NANOS = 30_000_000_000L;

    private static final int THREADED_FRAMES = 2_000;

    protected final Numbered numbered = new Numbered();
    protected final Arrivals arrivals = new Arrivals();
    private final List<Transport> opened = new ArrayList<>();

    /** A transport of the rank, not yet joined with anybody. */
    protected abstract Transport create(int rank, int ranks);

    @AfterEach
    final void closeAll() {
        opened.forEach(Transport::close);
        numbered.close();
    }

    @Test
    void shouldDeliverWholeFramesOfAllSizesInOrder() {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        int most = outgoing.maxFrame();
        int[] sizes = {1, 2, 7, 8, 9, 100, 4096, most / 2 - 1, most / 2, most - 1, most, 1, most, 3, 100, most};
        for (int number = 0; number < sizes.length; number++) {
            sendSurely(outgoing, number, sizes[number], receiver);
        }
        // The sender polls too: the kernel may not have taken the end of the last frame.
        until(receiver, sender, () -> arrivals.frames().size() == sizes.length);
        for (int number = 0; number < sizes.length; number++) {
            assertThat(arrivals.frames().get(number).bytes())
                    .as("frame " + number)
                    .isEqualTo(Numbered.bytes(number, sizes[number]));
        }
        assertThat(most).isGreaterThanOrEqualTo(16 << 10);
    }

    @Test
    void shouldRefuseAFrameThatIsEmptyOrTooLarge() {
        Transport receiver = open(0, 2);
        Outgoing outgoing = open(1, 2).dial(address(0, receiver));
        sendSurely(outgoing, 0, 10, receiver);
        assertThatThrownBy(() -> numbered.send(outgoing, 1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have 1 to " + outgoing.maxFrame());
        assertThatThrownBy(() -> numbered.send(outgoing, 1, outgoing.maxFrame() + 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldBeBusyWhileThePeerDoesNotPollAndLoseNothing() {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        sendSurely(outgoing, 0, 10_000, receiver);
        int sent = 1;
        while (numbered.send(outgoing, sent, 10_000) == SendResult.SENT) {
            sent++;
            assertThat(sent).as("frames that nobody has polled").isLessThan(10_000);
        }
        int all = sent + 1;
        sendSurely(outgoing, sent, 10_000, receiver);
        until(receiver, sender, () -> arrivals.frames().size() == all);
        for (int number = 0; number < all; number++) {
            assertThat(arrivals.frames().get(number).bytes()).isEqualTo(Numbered.bytes(number, 10_000));
        }
        assertThat(outgoing.fault()).isEmpty();
    }

    @Test
    void shouldKeepOrderBetweenASendingAndAReceivingThread() throws Exception {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        AtomicInteger arrived = new AtomicInteger();
        CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
            long end = System.nanoTime() + DEADLINE_NANOS;
            for (int sent = 0; arrived.get() < THREADED_FRAMES && System.nanoTime() < end; ) {
                boolean more = sent < THREADED_FRAMES;
                sent += more && numbered.send(outgoing, sent, size(sent)) == SendResult.SENT ? 1 : 0;
                sender.poll(new Arrivals(), 16);
            }
        });
        arrivals.onFrame(frame -> {
            int number = arrived.getAndIncrement();
            assertThat(frame.bytes()).as("frame " + number).isEqualTo(Numbered.bytes(number, size(number)));
        });
        until(receiver, () -> arrived.get() == THREADED_FRAMES);
        sending.get();
    }

    @Test
    void shouldServeAllOfManyChannels() {
        int ranks = 24;
        Transport receiver = open(0, ranks);
        Map<Integer, Outgoing> outgoing = new HashMap<>();
        List<Transport> senders = new ArrayList<>();
        for (int rank = 1; rank < ranks; rank++) {
            Transport sender = open(rank, ranks);
            senders.add(sender);
            outgoing.put(rank, sender.dial(address(0, receiver)));
        }
        for (int round = 0; round < 20; round++) {
            for (int rank = 1; rank < ranks; rank++) {
                sendSurely(outgoing.get(rank), rank, 100 + rank, receiver);
            }
        }
        until(receiver, () -> arrivals.frames().size() == 20 * (ranks - 1));
        Map<Long, List<Integer>> sizes = new HashMap<>();
        arrivals.frames()
                .forEach(frame -> sizes.computeIfAbsent(frame.channel(), c -> new ArrayList<>())
                        .add(frame.bytes().length));
        assertThat(sizes).hasSize(ranks - 1);
        sizes.values().forEach(list -> assertThat(list).hasSize(20).containsOnly(list.getFirst()));
    }

    @Test
    void shouldServeAQuietChannelBesideOneThatFloods() {
        Transport receiver = open(0, 3);
        Outgoing flood = open(1, 3).dial(address(0, receiver));
        Outgoing quiet = open(2, 3).dial(address(0, receiver));
        sendSurely(flood, 0, 100, receiver);
        sendSurely(quiet, 1, 50, receiver);
        until(receiver, () -> arrivals.frames().size() == 2);
        for (int i = 0; i < 500; i++) {
            sendSurely(flood, i, 100, receiver);
        }
        sendSurely(quiet, 1, 50, receiver);
        arrivals.frames().clear();
        int[] before = {-1};
        arrivals.onFrame(frame -> {
            before[0] = frame.bytes().length == 50 && before[0] < 0
                    ? arrivals.frames().size() - 1
                    : before[0];
            // The flood never ends by itself.
            numbered.send(flood, 2, 100);
        });
        for (long end = System.nanoTime() + DEADLINE_NANOS; before[0] < 0 && System.nanoTime() < end; ) {
            receiver.poll(arrivals, 10);
        }
        assertThat(before[0]).as("frames before the quiet channel's").isBetween(0, 2_000);
    }

    @Test
    void shouldDeliverTheLastFramesBeforeTheEnd() {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        sendSurely(outgoing, 0, 100, receiver);
        sendSurely(outgoing, 1, 200, receiver);
        outgoing.close();
        outgoing.close();
        assertThat(numbered.send(outgoing, 2, 100)).isEqualTo(SendResult.BROKEN);
        assertThat(outgoing.fault()).isNotEmpty();
        until(receiver, () -> !arrivals.closed().isEmpty());
        assertThat(arrivals.frames()).hasSize(2);
        assertThat(arrivals.closed())
                .containsOnlyKeys(arrivals.frames().getFirst().channel());
        assertThat(arrivals.closed().values())
                .allSatisfy(reason -> assertThat(reason).isNotEmpty());
        assertThat(receiver.poll(arrivals, 10)).isZero();
    }

    @Test
    void shouldBreakTheSenderWhenTheReceiverCloses() {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        sendSurely(outgoing, 0, 100, receiver);
        until(receiver, () -> arrivals.frames().size() == 1);
        receiver.close();
        until(sender, () -> numbered.send(outgoing, 1, 10_000) == SendResult.BROKEN);
        assertThat(outgoing.fault()).isNotEmpty();
    }

    @Test
    void shouldSurviveThatEitherSideClosesWhileTheOtherIsAtWork() throws Exception {
        for (int round = 0; round < 40; round++) {
            Transport receiver = create(0, 2);
            Transport sender = create(1, 2);
            Outgoing outgoing = sender.dial(address(0, receiver));
            sendSurely(outgoing, 0, 100, receiver);
            AtomicBoolean stop = new AtomicBoolean();
            CompletableFuture<SendResult> sending = CompletableFuture.supplyAsync(() -> {
                SendResult result = SendResult.SENT;
                while (result != SendResult.BROKEN && !stop.get()) {
                    result = numbered.send(outgoing, 1, 5_000);
                }
                sender.close();
                return result;
            });
            int frames = arrivals.frames().size() + round;
            until(receiver, () -> arrivals.frames().size() >= frames);
            if (round % 2 == 0) {
                receiver.close();
                assertThat(sending.get(30, TimeUnit.SECONDS)).isEqualTo(SendResult.BROKEN);
            } else {
                stop.set(true);
                until(receiver, () -> !arrivals.closed().isEmpty());
                assertThat(sending.get(30, TimeUnit.SECONDS)).isNotEqualTo(SendResult.BROKEN);
                receiver.close();
            }
            arrivals.frames().clear();
            arrivals.closed().clear();
        }
    }

    @Test
    void shouldBreakTheSenderWhoseChannelIsRefusedAndNoOther() {
        Transport receiver = open(0, 3);
        Transport sender = open(1, 3);
        Outgoing bad = sender.dial(address(0, receiver));
        Outgoing good = open(2, 3).dial(address(0, receiver));
        sendSurely(bad, 0, 66, receiver);
        sendSurely(bad, 1, 66, receiver);
        sendSurely(good, 2, 77, receiver);
        // Refused in the midst of its first frame; the second must not be delivered.
        arrivals.onFrame(frame -> {
            if (frame.bytes().length == 66) {
                receiver.refuse(frame.channel());
            }
        });
        until(receiver, sender, () -> numbered.send(bad, 3, 66) == SendResult.BROKEN);
        sendSurely(good, 4, 88, receiver);
        until(receiver, () -> arrivals.frames().stream().anyMatch(frame -> frame.bytes().length == 88));
        assertThat(arrivals.frames().stream().map(frame -> frame.bytes().length).toList())
                .containsExactlyInAnyOrder(66, 77, 88);
        receiver.refuse(4711);
        assertThat(good.fault()).isEmpty();
    }

    @Test
    void shouldHoldNothingAfterClose() {
        Transport receiver = open(0, 2);
        Transport sender = open(1, 2);
        Outgoing outgoing = sender.dial(address(0, receiver));
        sendSurely(outgoing, 0, 100, receiver);
        until(receiver, () -> arrivals.frames().size() == 1);
        assertThat(sender.bufferBytes()).isBetween(1L, 16L << 20);
        assertThat(receiver.bufferBytes()).isBetween(1L, 16L << 20);
        assertThat(receiver.describe()).contains("1 channels in", "0 out");
        assertThat(sender.describe()).contains("0 channels in", "1 out");
        sender.close();
        receiver.close();
        receiver.close();
        assertThat(sender.bufferBytes()).isZero();
        assertThat(receiver.bufferBytes()).isZero();
    }

    @Test
    void shouldKeepItsChannelsWhenTheThreadIsInterrupted() {
        Transport receiver = open(0, 2);
        Outgoing outgoing = open(1, 2).dial(address(0, receiver));
        Thread.currentThread().interrupt();
        sendSurely(outgoing, 0, 100, receiver);
        until(receiver, () -> arrivals.frames().size() == 1);
        assertThat(Thread.interrupted()).isTrue();
        sendSurely(outgoing, 1, 100, receiver);
        until(receiver, () -> arrivals.frames().size() == 2);
    }

    private static int size(int number) {
        return 1 + number * 997 % 15_000;
    }

    /** A transport that is closed after the test. */
    protected final Transport open(int rank, int ranks) {
        Transport transport = create(rank, ranks);
        opened.add(transport);
        return transport;
    }

    /** The address of a rank of this JVM that has only this transport. */
    protected static RankAddress address(int rank, Transport transport) {
        return new RankAddress(rank, "localhost", "host", 1, "jvm", Map.of(transport.name(), transport.endpoint()), "");
    }

    /** Sends; while the channel is busy, the receiver polls. */
    protected final void sendSurely(Outgoing outgoing, int number, int bytes, Transport receiver) {
        until(receiver, () -> {
            SendResult result = numbered.send(outgoing, number, bytes);
            assertThat(result).as(outgoing.fault()).isNotEqualTo(SendResult.BROKEN);
            return result == SendResult.SENT;
        });
    }

    /** Polls the transport until the condition holds. */
    protected final void until(Transport transport, BooleanSupplier condition) {
        until(transport, transport, condition);
    }

    /** Polls both transports until the condition holds. */
    protected final void until(Transport transport, Transport other, BooleanSupplier condition) {
        long end = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(transport.describe()).isLessThan(end);
            transport.poll(arrivals, 16);
            if (other != transport) {
                other.poll(arrivals, 16);
            }
        }
    }
}
