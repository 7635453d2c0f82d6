package dev.braid.trainer.spark;

import static dev.braid.trainer.spark.RankFailure.Origin.KILLED;
import static dev.braid.trainer.spark.RankFailure.Origin.OWN;
import static dev.braid.trainer.spark.RankFailure.Origin.PEERS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.CommunicationException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** Which of several failures the driver calls the cause, and when it says so. */
class RunStateTest {
    private static final Exception SPARK = new IllegalStateException("Job aborted");

    private final List<String> cancelled = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private final RankListener listener = new RankListener() {
        @Override
        public void event(RankEvent event) {}

        @Override
        public void failure(RankFailure failure, boolean retried) {
            heard.add("rank " + failure.rank() + " in attempt " + failure.attempt() + (retried ? ", retried" : ""));
        }
    };

    private RunState state(int retries) {
        Duration second = Duration.ofSeconds(1);
        return new RunState(new CoordinatorLimits(retries, second, second, second), listener, cancelled::add);
    }

    private static RankFailure failure(int rank, int attempt, Throwable thrown) {
        return RankFailure.of(rank, attempt, "host", thrown, false);
    }

    private static RankFailure peersFault(int rank, int attempt) {
        CommunicationException told = new CommunicationException(
                CommunicationException.Kind.DEAD, new TreeSet<>(List.of(1)), "rank 1 is dead");
        return failure(rank, attempt, new IllegalStateException("step 7", told));
    }

    @Test
    void shouldKnowWhoseFaultAFailureIs() {
        CommunicationException interrupted =
                new CommunicationException(CommunicationException.Kind.CANCELLED, new TreeSet<>(), "interrupted");
        assertThat(failure(0, 0, new IOException("disk full")).origin()).isEqualTo(OWN);
        assertThat(peersFault(0, 0).origin()).isEqualTo(PEERS);
        assertThat(RankFailure.of(0, 0, "host", new InterruptedException(), true)
                        .origin())
                .isEqualTo(KILLED);
        assertThat(RankFailure.of(0, 0, "host", new CancellationException(), true)
                        .origin())
                .isEqualTo(KILLED);
        assertThat(RankFailure.of(0, 0, "host", interrupted, true).origin()).isEqualTo(KILLED);
        assertThat(RankFailure.of(0, 0, "host", interrupted, false).origin()).isEqualTo(PEERS);
        assertThat(RankFailure.of(0, 0, "host", new IOException("disk full"), true)
                        .origin())
                .isEqualTo(OWN);
    }

    @Test
    void shouldNameTheRankToBlameAlthoughItsPeerSpokeFirst() throws Exception {
        RunState state = state(0);
        state.failed(peersFault(0, 0));
        state.failed(failure(1, 0, new IOException("disk full")));
        state.failed(failure(2, 0, new IOException("too late")));

        assertThat(state.explain(SPARK))
                .isInstanceOf(RankFailedException.class)
                .hasMessage("rank 1 on host (attempt 0) failed: java.io.IOException: disk full");
        assertThat(heard).containsExactly("rank 1 in attempt 0");
        assertThat(cancelled).hasSize(2);
    }

    @Test
    void shouldNameThePeerWhenNobodyElseSpeaks() throws Exception {
        RunState state = state(0);
        state.failed(RankFailure.of(3, 0, "host", new InterruptedException(), true));
        state.failed(peersFault(0, 0));
        state.failed(peersFault(2, 0));

        assertThat(heard).isEmpty();
        assertThat(state.explain(SPARK)).hasMessageStartingWith("rank 0 on host (attempt 0) failed: ");
        assertThat(heard).containsExactly("rank 0 in attempt 0");
    }

    @Test
    void shouldTellOfAFailedAttemptBeforeTheNextOneStarts() {
        RunState state = state(1);
        state.failed(peersFault(0, 0));
        assertThat(heard).isEmpty();

        assertThat(state.refuse(new Handshake.Peer(2, 1))).isEmpty();
        assertThat(state.refuse(new Handshake.Peer(1, 1))).isEmpty();
        assertThat(heard).containsExactly("rank 0 in attempt 0, retried");
        assertThat(cancelled).isEmpty();
    }

    @Test
    void shouldNotTryAgainWhenTheFaultBehindAFailureIsTheUsers() throws Exception {
        RunState state = state(3);
        state.failed(peersFault(0, 0));
        assertThat(cancelled).isEmpty();
        state.failed(failure(1, 0, new IllegalArgumentException("data.sources: no file x")));

        assertThat(cancelled).hasSize(1);
        assertThat(heard).containsExactly("rank 1 in attempt 0");
        assertThat(state.explain(SPARK))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("data.sources: no file x");
    }

    @Test
    void shouldSayWhichSettingsMakeRoomForAllRanks() throws Exception {
        Exception noRoom =
                new IllegalStateException("[SPARK-24819]: Barrier execution mode does not allow run a barrier"
                        + " stage that requires more slots than the total number of slots in the cluster currently.");
        assertThat(state(0).explain(noRoom))
                .hasMessageStartingWith("Spark could not run the ranks: [SPARK-24819]: ")
                .hasMessageContaining("start more executors (spark.executor.instances, or spark.cores.max and more"
                        + " workers), lower spark.task.cpus, or make the mesh smaller (parallel.*)");
    }
}
