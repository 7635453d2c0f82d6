package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.braid.parallelism.CommunicationException.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How operations and fabrics end: waits, cancels, interrupts, closes, and what is left to read after. */
class EndTest {
    private static CommunicationException failure(Handle handle) {
        return catchThrowableOfType(CommunicationException.class, handle::await);
    }

    @Test
    void shouldSayThatAnOperationIsNotDoneYetAndGoOnWithIt() throws Exception {
        CountDownLatch waited = new CountDownLatch(1);
        LocalWorld.run(Wires.IN_PLACE, 2, rank -> {
            if (rank.rank() == 1) {
                waited.await();
            }
            Handle handle = rank.world().barrier();
            if (rank.rank() == 0) {
                assertThat(handle.await(Duration.ofMillis(5))).isFalse();
                assertThat(handle.done()).isFalse();
                assertThat(handle.exposedNanos()).isGreaterThanOrEqualTo(5_000_000);
                waited.countDown();
            }
            assertThat(handle.await(Duration.ofSeconds(30))).isTrue();
            assertThat(handle.done()).isTrue();
        });
    }

    @Test
    void shouldProgressWithoutAnybodyWaitingAndThenExposeNothing() throws Exception {
        LocalWorld.run(Wires.FRAMES, 2, rank -> {
            Handle handle = rank.world().allReduce(rank.zeros(dev.braid.tensor.DType.F32, 100_000), SUM);
            while (!handle.done()) {
                Thread.onSpinWait();
            }
            assertThat(handle.exposedNanos()).isZero();
            handle.cancel();
            handle.await();
            assertThat(rank.fabric().failure()).isEmpty();
            rank.world().barrier().await();
        });
    }

    @Test
    void shouldFailAllRanksWhenOneCancelsAndNameIt() throws Exception {
        CountDownLatch started = new CountDownLatch(2);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 3)) {
            world.each(rank -> {
                if (rank.rank() == 1) {
                    Handle handle = rank.world().receive(rank.floats(0), 2, 0);
                    started.await();
                    handle.cancel();
                    assertThat(failure(handle)).isNotNull();
                    return;
                }
                Handle reducing = rank.world().allReduce(rank.floats(1), SUM);
                started.countDown();
                CommunicationException failure = failure(reducing);
                assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
                assertThat(failure.missing()).containsExactly(1);
                assertThat(failure)
                        .hasMessageContaining(
                                "all_reduce 0 of group world (ranks [0, 1, 2]), 4 bytes of f32, called at EndTest")
                        .hasMessageContaining("rank 1 gave up point_to_point")
                        .hasMessageEndingWith("Missing: rank 1");
            });
        }
    }

    @Test
    void shouldFailAllRanksWhenAWaitingThreadIsInterruptedAndKeepItsFlag() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                if (rank.rank() == 0) {
                    Handle handle = rank.world().barrier();
                    started.await();
                    Thread.currentThread().interrupt();
                    assertThat(failure(handle))
                            .hasMessageContaining("rank 0 was interrupted while it waited for barrier");
                    assertThat(Thread.interrupted()).isTrue();
                } else {
                    Handle receiving = rank.world().receive(rank.floats(0), 0, 0);
                    started.countDown();
                    CommunicationException failure = failure(receiving);
                    assertThat(failure.kind()).isEqualTo(Kind.CANCELLED);
                    assertThat(failure).hasMessageContaining("rank 0 was interrupted");
                }
            });
        }
    }

    @Test
    void shouldFailTheOthersWhenOneClosesWithOperationsInFlight() throws Exception {
        CountDownLatch started = new CountDownLatch(2);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                Handle handle = rank.world().receive(rank.floats(0), 1 - rank.rank(), 0);
                started.countDown();
                started.await();
                if (rank.rank() == 0) {
                    rank.fabric().close();
                }
                CommunicationException failure = failure(handle);
                assertThat(failure.kind()).isEqualTo(Kind.CLOSED);
                assertThat(failure).hasMessageContaining("rank 0 closes with 1 operations in flight");
            });
        }
    }

    @Test
    void shouldRefuseOperationsOfAClosedFabric() throws Exception {
        LocalWorld world = LocalWorld.of(Wires.FRAMES, 2);
        world.each(rank -> rank.fabric().close());
        LocalRank rank = world.ranks.getFirst();
        assertThatThrownBy(() -> rank.world().barrier())
                .isInstanceOf(CommunicationException.class)
                .hasMessageStartingWith("barrier of group world (ranks [0, 1]), called at EndTest.java:")
                .hasMessageEndingWith(", comes too late: rank 0 has left");
        world.close();
    }

    @Test
    void shouldNameAPeerThatHasLeftAlready() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                if (rank.rank() == 0) {
                    rank.fabric().close();
                    return;
                }
                CommunicationException failure = failure(rank.world().barrier());
                assertThat(failure.kind()).isEqualTo(Kind.CLOSED);
                assertThat(failure.missing()).containsExactly(0);
                assertThat(failure).hasMessageContaining("rank 0").hasMessageContaining("has left already");
                rank.fabric().close();
            });
        }
    }

    @Test
    void shouldNotStartOperationsAfterAFailure() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            LocalRank rank = world.ranks.getFirst();
            rank.fabric().abort("the data has ended");
            assertThatThrownBy(() -> rank.world().barrier())
                    .isInstanceOf(CommunicationException.class)
                    .hasMessageContaining(
                            "was not started on rank 0: the attempt has failed: rank 0 aborts: the data has ended");
        }
    }

    @Test
    void shouldNameARankThatLivesButDoesNotCome() throws Exception {
        try (LocalWorld world = LocalWorld.of(
                Wires.FRAMES, 3, settings -> settings.withTimes(Duration.ofSeconds(2), Duration.ofSeconds(2)))) {
            world.each(rank -> {
                if (rank.rank() == 2) {
                    return;
                }
                CommunicationException failure = failure(rank.world().allReduce(rank.floats(1), SUM));
                assertThat(failure.kind()).isEqualTo(Kind.LATE);
                assertThat(failure.missing()).containsExactly(2);
                assertThat(failure).hasMessageContaining("rank 2 lives but has not come to it within 2.0 s");
            });
        }
    }

    @Test
    void shouldWriteTheLastOperationsBesideTheRun(@TempDir Path folder) throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2, settings -> settings.withFlightFolder(folder))) {
            world.each(rank -> {
                rank.world().barrier().await();
                if (rank.rank() == 1) {
                    started.await();
                    rank.fabric().abort("a test \"quotes\"");
                } else {
                    Handle handle = rank.world().allReduce(rank.floats(1, 2), SUM);
                    started.countDown();
                    assertThat(failure(handle)).isNotNull();
                }
            });
        }
        String record = Files.readString(folder.resolve("flight-attempt-1-rank-0.json"));
        assertThat(record)
                .contains("\"run\": \"tests\"", "\"attempt\": 1", "\"rank\": 0", "\"missing\": [1]")
                .contains("rank 1 aborts: a test \\\"quotes\\\"")
                .contains("{\"rank\": 1, \"transport\": \"shared\", \"open\": true")
                .contains("{\"operation\": \"barrier\", \"group\": \"world\", \"ranks\": [0, 1], \"sequence\": 0")
                .contains("\"state\": \"done\"")
                .contains(
                        "{\"operation\": \"all_reduce\", \"group\": \"world\", \"ranks\": [0, 1], \"sequence\": 1, \"bytes\": 8")
                .contains("\"dtype\": \"f32\", \"algorithm\": \"gather_add\", \"call_site\": \"EndTest.java:")
                .contains("\"state\": \"pending\", \"waiting_for\": [1], \"received_bytes\": 0, \"expected_bytes\": 8");
        assertThat(folder.resolve("flight-attempt-1-rank-1.json")).exists();
        assertThat(List.of(folder.toFile().list())).hasSize(2);
    }

    @Test
    void shouldLeaveNoThreadBehind() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> rank.world().barrier().await());
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("braid-communication-"));
    }
}
