package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.trainer.ranks.RankThreads;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CommThreadsTest {
    /** Keeps what it hears. */
    private static final class Notes implements CommListener {
        private final List<CommPlan.Point> started = new ArrayList<>();
        private final List<CommResult> results = new ArrayList<>();

        @Override
        public void started(CommPlan.Point point) {
            started.add(point);
        }

        @Override
        public void measured(CommResult result) {
            results.add(result);
        }
    }

    private static CommPlan plan(DType dtype, List<Long> sizes, CommOperation... operations) {
        return new CommPlan(List.of(operations), sizes, dtype, false, 3, 1, 0);
    }

    /** 4, 1000 and 4096 bytes: fewer elements than ranks, a number that does not divide, and one that does. */
    @ParameterizedTest
    @CsvSource({"2, F32", "3, F32", "4, BF16", "7, BF16"})
    void shouldMeasureEveryOperationAfterCheckingItsResult(int ranks, DType dtype) throws InterruptedException {
        PlainWorld world = new PlainWorld(ranks, 0);
        Notes notes = new Notes();
        CommPlan plan = plan(dtype, List.of(4L, 1000L, 4096L), CommOperation.values());
        CommBenchmark.threads(world::open, ranks, CommBenchmark.settings(), plan, notes);
        assertThat(notes.started).isEqualTo(plan.points()).hasSize(6 * 3 + 1);
        assertThat(notes.results).extracting(CommResult::point).isEqualTo(plan.points());
        assertThat(notes.results)
                .allMatch(result -> result.repeats() == 3)
                .allMatch(result -> result.medianMicros() > 0)
                .allMatch(result -> result.slowestMicros() >= Math.floor(result.medianMicros()));
        assertThat(world.opened).hasValue(ranks);
        assertThat(world.closed).hasValue(ranks);
    }

    @Test
    void shouldRefuseToTimeWrongSums() {
        PlainWorld world = new PlainWorld(2, 0.5f);
        CommPlan plan = plan(DType.F32, List.of(16L), CommOperation.ALL_REDUCE);
        ThrowingCallable run =
                () -> CommBenchmark.threads(world::open, 2, CommBenchmark.settings(), plan, CommListener.NONE);
        assertThatThrownBy(run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching(
                        "all_reduce of 4 elements over 2 ranks: element 0 of rank [01] is 3.5, must be 3.0");
        assertThat(world.closed).hasValue(2);
    }

    @Test
    void shouldEndAllRanksWhenOneCanNotBeOpened() {
        PlainWorld world = new PlainWorld(3, 0);
        RankThreads.Opener opener = (rank, ranks, memory, settings) -> {
            if (rank == 1) {
                throw new IllegalStateException("no room in /dev/shm");
            }
            return world.open(rank, ranks, memory, settings);
        };
        CommPlan plan = plan(DType.F32, List.of(16L), CommOperation.ALL_REDUCE);
        ThrowingCallable run =
                () -> CommBenchmark.threads(opener, 3, CommBenchmark.settings(), plan, CommListener.NONE);
        assertThatThrownBy(run).isInstanceOf(IllegalStateException.class).hasMessage("no room in /dev/shm");
        assertThat(world.closed).hasValue(2);
    }

    @Test
    void shouldEndItsThreadsWhenInterrupted() throws InterruptedException {
        PlainWorld world = new PlainWorld(2, 0);
        RankThreads.Opener opener = (rank, ranks, memory, settings) -> {
            if (rank == 1) {
                awaitInterrupt();
            }
            return world.open(rank, ranks, memory, settings);
        };
        CommPlan plan = plan(DType.F32, List.of(16L), CommOperation.BARRIER);
        ThrowingCallable run =
                () -> CommBenchmark.threads(opener, 2, CommBenchmark.settings(), plan, CommListener.NONE);
        Thread.currentThread().interrupt();
        assertThatThrownBy(run).isInstanceOf(InterruptedException.class);
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("rank 0", "rank 1");
    }

    private static void awaitInterrupt() {
        try {
            Thread.sleep(60_000);
        } catch (InterruptedException expected) {
            throw new IllegalStateException("interrupted", expected);
        }
    }
}
