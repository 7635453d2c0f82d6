package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.mesh.Mesh;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class CoordinatorTest {
    private static final RankListener IGNORE = event -> {};

    /** Spark looks once, and again after a second, whether there is room for all ranks. */
    private static final Map<String, String> QUICK = Map.of(
            "spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s",
            "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "1");

    private SparkSession session;

    @BeforeAll
    void start() {
        SparkSettings settings = new SparkSettings("test", Optional.of("local[4]"), Mesh.SINGLE, QUICK);
        session = SparkPlan.of(settings).open();
    }

    @AfterAll
    void stop() {
        session.stop();
    }

    @Test
    void shouldReturnWhatTheRanksReturnInRankOrder() throws Exception {
        List<String> results = coordinator(2, 0)
                .run(
                        "results",
                        context -> "%d of %d with %d cores".formatted(context.rank(), context.ranks(), context.cores()),
                        IGNORE);

        assertThat(results).containsExactly("0 of 2 with 2 cores", "1 of 2 with 2 cores");
    }

    @Test
    void shouldLetRanksMeetAndExchangeTexts() throws Exception {
        List<String> results = coordinator(2, 0).run("meet", new Introduction(), IGNORE);

        String member = "RankMember[rank=%d, host=127.0.0.1, machine="
                + ThisProcess.hostId().replace("%", "%%")
                + ", executor=driver, process="
                + ProcessHandle.current().pid()
                + ", cores=2, capabilities=shared]";
        String members = "[" + member.formatted(0) + ", " + member.formatted(1) + "]";
        assertThat(results).containsExactly(members + " [from 0, from 1]", members + " [from 0, from 1]");
    }

    @Test
    void shouldDeliverEventsOfEveryRankBeforeItReturns() throws Exception {
        List<RankEvent> events = new ArrayList<>();
        coordinator(2, 0)
                .run(
                        "events",
                        context -> {
                            context.emit("{\"step\":1}");
                            context.emit("{\"step\":2}");
                            return "";
                        },
                        events::add);

        assertThat(events)
                .filteredOn(event -> event.rank() == 1)
                .containsExactly(new RankEvent(1, 0, "{\"step\":1}"), new RankEvent(1, 0, "{\"step\":2}"));
        assertThat(events).hasSize(4);
    }

    @Test
    void shouldShowTheUsersFaultAsSuch() {
        RankProgram program = context -> {
            throw new IllegalArgumentException("data.sources[0].path: no file /nowhere");
        };

        assertThatThrownBy(() -> coordinator(1, 3).run("user-fault", program, IGNORE))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("data.sources[0].path: no file /nowhere");
    }

    @Test
    void shouldNameTheFirstRankThatFailedAndNotThosePulledDownByIt() {
        RankProgram program = context -> {
            if (context.rank() == 1) {
                throw new IOException("disk full");
            }
            new CountDownLatch(1).await(); // until Spark interrupts it
            return "";
        };

        RankFailedException thrown = catchThrowableOfType(
                RankFailedException.class, () -> coordinator(2, 0).run("first", program, IGNORE));
        assertThat(thrown).hasMessage("rank 1 on 127.0.0.1 (attempt 0) failed: java.io.IOException: disk full");
        assertThat(thrown.failure().stackTrace()).contains("CoordinatorTest");
    }

    @Test
    void shouldStartAllRanksAgainAfterAFailureWhenARetryIsLeft() throws Exception {
        List<String> failures = new ArrayList<>();
        List<RankEvent> events = new ArrayList<>();
        RankListener listener = new RankListener() {
            @Override
            public void event(RankEvent event) {
                events.add(event);
            }

            @Override
            public void failure(RankFailure failure, boolean retried) {
                failures.add(failure.message() + " " + retried);
            }
        };
        RankProgram program = context -> {
            if (context.rank() == 0 && context.attempt() == 0) {
                throw new IOException("lost");
            }
            context.emit("1");
            return "attempt " + context.attempt();
        };

        List<String> results = coordinator(2, 1).run("retry", program, listener);
        assertThat(results).containsExactly("attempt 1", "attempt 1");
        assertThat(failures).containsExactly("lost true");
        assertThat(events).contains(new RankEvent(0, 1, "1"), new RankEvent(1, 1, "1"));
    }

    @Test
    void shouldGiveUpWhenNoRetryIsLeft() {
        List<String> failures = new ArrayList<>();
        RankListener listener = new RankListener() {
            @Override
            public void event(RankEvent event) {}

            @Override
            public void failure(RankFailure failure, boolean retried) {
                failures.add(failure.message() + " " + retried);
            }
        };
        RankProgram program = context -> {
            throw new IOException("lost in attempt " + context.attempt());
        };

        assertThatThrownBy(() -> coordinator(1, 1).run("give-up", program, listener))
                .isInstanceOf(RankFailedException.class)
                .hasMessage("rank 0 on 127.0.0.1 (attempt 1) failed: java.io.IOException: lost in attempt 1");
        assertThat(failures).containsExactly("lost in attempt 0 true", "lost in attempt 1 false");
    }

    @Test
    void shouldStopAllRanksWhenAsked() throws Exception {
        Coordinator coordinator = coordinator(2, 0);
        List<String> results =
                coordinator.run("stop", CoordinatorTest::waitForStop, event -> coordinator.requestStop());
        assertThat(results).containsExactly("saved", "saved");
        assertThat(coordinator.stopRequested()).isTrue();
    }

    @Test
    void shouldStopARunThatStartsAfterTheRequest() throws Exception {
        Coordinator coordinator = coordinator(1, 0);
        coordinator.requestStop();

        assertThat(coordinator.run("stopped", CoordinatorTest::waitForStop, IGNORE))
                .containsExactly("saved");
    }

    @Test
    void shouldEndTheRunWhenTheListenerFails() {
        RankProgram program = context -> {
            context.emit("1");
            new CountDownLatch(1).await();
            return "";
        };

        assertThatThrownBy(() -> coordinator(1, 3).run("listener", program, event -> {
                    throw new IllegalStateException("the driver's disk is full");
                }))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("the driver's disk is full");
    }

    @Test
    void shouldCancelTheRanksWhenTheDriverIsInterrupted() throws Exception {
        CompletableFuture<Thread> driver = new CompletableFuture<>();
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        CountDownLatch started = new CountDownLatch(1);
        RankProgram program = context -> {
            context.emit("1");
            new CountDownLatch(1).await();
            return "";
        };
        Thread.ofPlatform().start(() -> {
            driver.complete(Thread.currentThread());
            try {
                coordinator(1, 0).run("interrupted", program, event -> started.countDown());
                outcome.complete(null);
            } catch (Exception thrown) {
                outcome.complete(thrown);
            }
        });

        assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        driver.get().interrupt();
        assertThat(outcome.get(60, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void shouldSayWhichSettingsToChangeWhenThereIsNoRoomForAllRanks() {
        assertThatThrownBy(() -> coordinator(5, 0).run("room", context -> "", IGNORE))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageContaining("lower spark.task.cpus, or make the mesh smaller (parallel.*)");
    }

    @Test
    void shouldGiveTheRanksOfARunASecretAndAnIdThatNoOtherRunHas() throws Exception {
        RankProgram program = context -> context.runId() + " " + HexFormat.of().formatHex(context.secret());

        List<String> first = coordinator(2, 0).run("secret", program, IGNORE);
        List<String> second = coordinator(1, 0).run("secret", program, IGNORE);
        assertThat(first.get(0)).matches("[0-9a-f]{16} [0-9a-f]{64}").isEqualTo(first.get(1));
        assertThat(second.getFirst().substring(0, 16))
                .isNotEqualTo(first.getFirst().substring(0, 16));
        assertThat(second.getFirst().substring(17))
                .isNotEqualTo(first.getFirst().substring(17));
    }

    private static String waitForStop(RankContext context) {
        context.emit("1");
        while (!context.stopRequested()) {
            LockSupport.parkNanos(1_000_000);
        }
        return "saved";
    }

    private Coordinator coordinator(int ranks, int retries) {
        CoordinatorLimits limits =
                new CoordinatorLimits(retries, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));
        return new Coordinator(session, new RankLayout(Mesh.of(1, ranks, 1), 2, true, false), limits);
    }

    private record Introduction() implements RankProgram {
        @Override
        public String run(RankContext context) {
            return context.members() + " " + context.allGather("from " + context.rank());
        }

        @Override
        public String capabilities() {
            return "shared";
        }
    }
}
