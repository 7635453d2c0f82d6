package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChannelTest {
    private static final CoordinatorLimits LIMITS =
            new CoordinatorLimits(0, Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ofSeconds(20));

    private final byte[] secret = Handshake.random();
    private final Recorder recorder = new Recorder();
    private DriverChannel driver;

    @BeforeEach
    void listen() throws IOException {
        driver = new DriverChannel(InetAddress.getLoopbackAddress(), 0, secret, LIMITS, recorder);
    }

    @AfterEach
    void close() throws IOException {
        driver.close();
    }

    @Test
    void shouldDeliverAllEventsInOrderBeforeFinishReturns() throws Exception {
        try (RankChannel rank = connect(0, 0)) {
            IntStream.range(0, 10_000).forEach(n -> rank.send(event("{\"step\":" + n + "}")));
            rank.finish(new Frame(Frame.Kind.DONE));

            assertThat(recorder.events)
                    .extracting(RankEvent::json)
                    .containsExactlyElementsOf(IntStream.range(0, 10_000)
                            .mapToObj(n -> "{\"step\":" + n + "}")
                            .toList());
        }
    }

    @Test
    void shouldTellAFailureInTheRanksWords() throws Exception {
        RankFailure failure = RankFailure.of(1, 0, "node7", new IOException("disk full"), false);
        try (RankChannel rank = connect(1, 0)) {
            rank.finish(new Frame(Frame.Kind.FAILED, Json.write(failure)));
        }

        assertThat(recorder.failures).containsExactly(failure);
        assertThat(failure.describe()).isEqualTo("rank 1 on node7 (attempt 0) failed: java.io.IOException: disk full");
    }

    @Test
    void shouldReportARankThatEndsWithoutAWord() throws Exception {
        connect(2, 0).close();

        RankFailure failure = recorder.awaitFailure();
        assertThat(failure.rank()).isEqualTo(2);
        assertThat(failure.describe())
                .isEqualTo("rank 2 on 127.0.0.1 (attempt 0) failed: it ended without a word: its process was killed,"
                        + " crashed, or lost its network");
    }

    @Test
    void shouldStopRanksThatAreConnectedAndThoseThatComeLater() throws Exception {
        try (RankChannel early = connect(0, 0)) {
            assertThat(early.stopRequested()).isFalse();
            driver.requestStop();
            try (RankChannel late = connect(1, 0)) {
                early.finish(new Frame(Frame.Kind.DONE)); // the answer comes after the command
                late.finish(new Frame(Frame.Kind.DONE));
                assertThat(early.stopRequested()).isTrue();
                assertThat(late.stopRequested()).isTrue();
            }
        }
    }

    @Test
    void shouldTurnAwayARankOfAnotherRun() {
        ChannelAddress stranger = new ChannelAddress("127.0.0.1", driver.port(), Handshake.random());

        assertThatThrownBy(() -> RankChannel.connect(stranger, new Handshake.Peer(0, 0), LIMITS))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("rank 0 can't talk to the driver at 127.0.0.1:" + driver.port() + ": ")
                .hasMessageContaining("If that address is wrong for executors, set spark.driver.host");
        assertThat(recorder.events).isEmpty();
        assertThat(recorder.failures).isEmpty();
    }

    @Test
    void shouldTurnAwayADriverThatDoesNotKnowTheSecret() throws Exception {
        try (ServerSocket impostor = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread answering = Thread.ofVirtual().start(() -> {
                try (Socket socket = impostor.accept()) {
                    socket.getOutputStream().write("braid/1\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                    socket.getOutputStream().write(new byte[Handshake.BYTES * 2]);
                    socket.getInputStream().readNBytes(8 + 2 * Handshake.BYTES);
                } catch (IOException closed) {
                    // the rank has left
                }
            });
            ChannelAddress address = new ChannelAddress("127.0.0.1", impostor.getLocalPort(), secret);

            assertThatThrownBy(() -> RankChannel.connect(address, new Handshake.Peer(0, 0), LIMITS))
                    .hasMessageContaining("what listens there is another run");
            answering.join();
        }
    }

    @Test
    void shouldRefuseAnAttemptThatHasBeenReplaced() throws Exception {
        try (RankChannel newer = connect(0, 1)) {
            assertThatThrownBy(() -> connect(0, 0))
                    .hasMessageContaining("it refused: attempt 0 is over, attempt 1 runs");
            newer.finish(new Frame(Frame.Kind.DONE));
        }
    }

    @Test
    void shouldEndARankWhoseAttemptIsReplacedWithoutCallingThatAFailure() throws Exception {
        try (RankChannel zombie = connect(0, 0);
                RankChannel newer = connect(0, 1)) {
            assertThatThrownBy(() -> zombie.finish(new Frame(Frame.Kind.DONE)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the connection between rank 0 and the driver at");
            newer.send(event("1"));
            newer.finish(new Frame(Frame.Kind.DONE));
        }

        assertThat(recorder.events).containsExactly(new RankEvent(0, 1, "1"));
        assertThat(recorder.failures).isEmpty();
    }

    @Test
    void shouldRefuseASecondConnectionOfARank() throws Exception {
        try (RankChannel first = connect(3, 0)) {
            assertThatThrownBy(() -> connect(3, 0)).hasMessageContaining("it refused: rank 3 is connected already");
            first.finish(new Frame(Frame.Kind.DONE));
        }
    }

    @Test
    void shouldRefuseWhatTheHandlerRefuses() {
        recorder.refusal = Optional.of("no attempt is left after 1");

        assertThatThrownBy(() -> connect(0, 1)).hasMessageContaining("it refused: no attempt is left after 1");
    }

    @Test
    void shouldReportAnExceptionOfTheHandler() throws Exception {
        recorder.thrown = new IllegalStateException("the disk of the driver is full");
        try (RankChannel rank = connect(0, 0)) {
            rank.send(event("1"));
            rank.finish(new Frame(Frame.Kind.DONE));
        }

        assertThat(recorder.broken).containsExactly(recorder.thrown);
    }

    @Test
    void shouldFailAtTheRankWhenTheDriverIsGone() throws Exception {
        try (RankChannel rank = connect(0, 0)) {
            driver.close();

            assertThatThrownBy(() -> rank.finish(new Frame(Frame.Kind.DONE)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the connection between rank 0 and the driver at");
        }
        assertThat(recorder.failures).isEmpty();
    }

    @Test
    void shouldNameTheRanksThatHaveNotLeft() throws Exception {
        try (RankChannel rank = connect(5, 0)) {
            assertThat(driver.awaitDisconnected(Duration.ofMillis(10))).containsExactly(5);
            rank.finish(new Frame(Frame.Kind.DONE));
        }
        assertThat(driver.awaitDisconnected(Duration.ofSeconds(20))).isEmpty();
    }

    @Test
    void shouldNotShowTheSecret() {
        assertThat(new ChannelAddress("host", 5, secret)).hasToString("host:5");
    }

    private RankChannel connect(int rank, int attempt) throws IOException {
        ChannelAddress address = new ChannelAddress("127.0.0.1", driver.port(), secret);
        return RankChannel.connect(address, new Handshake.Peer(rank, attempt), LIMITS);
    }

    private static Frame event(String json) {
        return new Frame(Frame.Kind.EVENT, json);
    }

    private static final class Recorder implements DriverChannel.Handler {
        private final List<RankEvent> events = Collections.synchronizedList(new ArrayList<>());
        private final BlockingQueue<RankFailure> failures = new LinkedBlockingQueue<>();
        private final List<RuntimeException> broken = Collections.synchronizedList(new ArrayList<>());
        private volatile Optional<String> refusal = Optional.empty();
        private volatile RuntimeException thrown;

        @Override
        public Optional<String> refuse(Handshake.Peer peer) {
            return refusal;
        }

        @Override
        public void event(RankEvent event) {
            if (thrown != null) {
                throw thrown;
            }
            events.add(event);
        }

        @Override
        public void failed(RankFailure failure) {
            failures.add(failure);
        }

        @Override
        public void broke(RuntimeException failure) {
            broken.add(failure);
        }

        RankFailure awaitFailure() throws InterruptedException {
            return failures.poll(20, TimeUnit.SECONDS);
        }
    }
}
