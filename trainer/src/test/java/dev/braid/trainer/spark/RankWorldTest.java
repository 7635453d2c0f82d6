package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.trainer.train.RankWorld;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Ranks of a barrier stage that join a world and compute together. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class RankWorldTest {
    private static final RankListener IGNORE = event -> {};

    /** Far longer than any of these tests may take, so that no test passes because of it. */
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private static final CoordinatorLimits LIMITS =
            new CoordinatorLimits(0, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));

    /** What a rank leaves open when it fails; each to be closed before the next. Programs travel, so it can't be theirs. */
    private static final Deque<AutoCloseable> LEFT_OPEN = new ConcurrentLinkedDeque<>();

    private SparkSession session;

    @BeforeAll
    void start() {
        SparkSettings settings = new SparkSettings("test", Optional.of("local[4]"), Mesh.SINGLE, Map.of());
        session = SparkPlan.of(settings).open();
    }

    @AfterAll
    void stop() throws Exception {
        for (AutoCloseable open : LEFT_OPEN) {
            open.close();
        }
        session.stop();
    }

    /** What a rank does with its peers. */
    @FunctionalInterface
    private interface Work extends Serializable {
        String run(RankContext context, RankWorld world, Memory memory) throws Exception;
    }

    private static String inWorld(RankContext context, Work work) throws Exception {
        try (Memory memory = new Memory();
                RankWorld world = join(context, memory)) {
            return world.run(() -> work.run(context, world, memory));
        }
    }

    private static RankWorld join(RankContext context, Memory memory) {
        CommunicationSettings settings = CommunicationSettings.of(context.runId(), context.attempt(), context.secret())
                .withReach(Reach.PROCESS)
                .withTimes(DEADLINE, DEADLINE);
        return RankWorld.join(context.rank(), context.mesh(), memory, settings, context::allGather);
    }

    private static float sum(Memory memory, Communicator group, float value) {
        Tensor tensor = memory.zeros(Category.COMMUNICATION, DType.F32, Shape.of(1));
        tensor.set(0, value);
        group.allReduce(tensor, ReduceOp.SUM).await();
        float sum = tensor.get(0);
        tensor.release();
        return sum;
    }

    private Coordinator coordinator(Mesh mesh, int retries) {
        return new Coordinator(session, new RankLayout(mesh, 1, true, false), LIMITS.withRetries(retries));
    }

    @Test
    void shouldSumOverTheGroupsOfTheMesh() throws Exception {
        List<String> results = coordinator(Mesh.of(1, 2, 2), 0)
                .run(
                        "sums",
                        context -> inWorld(
                                context,
                                (me, world, memory) ->
                                        sum(memory, world.groups().tensor(), 1 << me.rank()) + " "
                                                + sum(memory, world.groups().shard(), 1 << me.rank()) + " "
                                                + sum(memory, world.groups().world(), 1 << me.rank())),
                        IGNORE);

        assertThat(results).containsExactly("3.0 5.0 15.0", "3.0 10.0 15.0", "12.0 5.0 15.0", "12.0 10.0 15.0");
    }

    @Test
    void shouldNeedNoPeersOnOneRank() throws Exception {
        List<String> results = coordinator(Mesh.SINGLE, 0)
                .run(
                        "single",
                        context -> inWorld(
                                context,
                                (me, world, memory) ->
                                        "" + sum(memory, world.groups().data(), 7)),
                        IGNORE);

        assertThat(results).containsExactly("7.0");
    }

    @Test
    void shouldEndAllRanksAndNameTheOneThatFailed() {
        RankProgram program = context -> inWorld(context, (me, world, memory) -> {
            if (me.rank() == 1) {
                throw new IOException("disk full");
            }
            return "" + sum(memory, world.groups().world(), 1); // would wait for rank 1 for minutes
        });

        assertThatThrownBy(() -> coordinator(Mesh.of(3, 1, 1), 0).run("failed", program, IGNORE))
                .isInstanceOf(RankFailedException.class)
                .hasMessage("rank 1 on 127.0.0.1 (attempt 0) failed: java.io.IOException: disk full");
    }

    @Test
    void shouldEndRanksThatWaitInACollectiveForOneThatFailedOutsideOfIt() throws Exception {
        // Rank 1 fails, but its side of the world stays alive: only Spark's kill, an interrupt, can end the others.
        List<String> failures = new ArrayList<>();
        RankListener listener = new RankListener() {
            @Override
            public void event(RankEvent event) {}

            @Override
            public void failure(RankFailure failure, boolean retried) {
                failures.add("rank " + failure.rank() + ": " + failure.message() + (retried ? ", retried" : ""));
            }
        };
        RankProgram program = context -> {
            if (context.attempt() == 0 && context.rank() == 1) {
                Memory memory = new Memory();
                LEFT_OPEN.add(memory);
                LEFT_OPEN.addFirst(join(context, memory));
                throw new IOException("disk full");
            }
            return inWorld(
                    context,
                    (me, world, memory) -> "sum " + sum(memory, world.groups().world(), 1));
        };

        List<String> results = coordinator(Mesh.of(3, 1, 1), 1).run("waiting", program, listener);
        assertThat(results).containsExactly("sum 3.0", "sum 3.0", "sum 3.0");
        assertThat(failures).containsExactly("rank 1: disk full, retried");
    }

    @Test
    void shouldEndRanksThatSparkKillsWhileTheySleepInAnExchangeThatIsOver() throws Exception {
        // Spark looks for the answer of an exchange once a second. Rank 1 begins to sleep first, and so wakes first,
        // and fails
        // while the others still sleep although their answer is there.
        RankProgram program = context -> {
            if (context.rank() != 1) {
                Thread.sleep(800);
            }
            context.allGather("here");
            if (context.attempt() == 0) {
                if (context.rank() == 1) {
                    throw new IOException("disk full");
                }
                Thread.sleep(DEADLINE); // only an interrupt can end it
            }
            return "rank " + context.rank();
        };

        List<String> results = coordinator(Mesh.of(3, 1, 1), 1).run("sleeping", program, IGNORE);
        assertThat(results).containsExactly("rank 0", "rank 1", "rank 2");
    }
}
