package dev.braid.trainer.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.braid.trainer.ranks.RankJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Four JVMs in a small {@code /dev/shm} of their own that is full: before they start, and while they run. */
@Timeout(240)
@EnabledOnOs(OS.LINUX)
class FullSharedMemoryTest {
    /** A media driver of four ranks takes 21 MiB, and each of 12 channels 12 MiB and a page. */
    private static final int ROOM_FOR_ALL = 200;

    private static final long SEED = 20_261_122;

    @TempDir
    Path flights;

    @Test
    void shouldRefuseToStartAndGoOnWithoutHarmWhenItFillsLater() throws Exception {
        try (SmallSharedMemory memory = permitted();
                FaultWorld world = world(memory)) {
            memory.fill(1 << 20);
            world.open(new EndlessCollectives.Task(SEED, false));
            for (int rank = 0; rank < FaultWorld.RANKS; rank++) {
                Report.Failure refusal =
                        world.rank(rank).await(Report.Kind.REFUSED).failures().getFirst();
                assertThat(refusal.message())
                        .contains("/dev/shm has ", " bytes free", "needs ", "enlarge /dev/shm (mount -o remount,size=");
                world.rank(rank).awaitClosed();
            }
            assertThat(memory.entries()).isEmpty();

            memory.empty();
            world.open(new EndlessCollectives.Task(SEED, true));
            world.join(world.awaitOpened());
            world.awaitRunning();
            memory.fill(0);
            for (int rank = 0; rank < FaultWorld.RANKS; rank++) {
                shouldDoMoreRounds(world.rank(rank));
            }

            // The links that the program has not used so far, 0-2 and 1-3, need four channels; there is room for one.
            memory.empty();
            memory.fill(14 << 20);
            for (int rank = 0; rank < FaultWorld.RANKS; rank++) {
                world.rank(rank).tell(Order.of(Order.Kind.WIDEN));
            }
            for (int rank = 0; rank < FaultWorld.RANKS; rank++) {
                Report report = world.rank(rank).await(Report.Kind.FAILED);
                assertThat(report.failures()).isNotEmpty().allSatisfy(failure -> {
                    assertThat(failure.message())
                            .contains("/dev/shm/braid-", " bytes free", "the channel to rank ", " needs ", "remount");
                    assertThat(failure.kind()).isEqualTo("TRANSPORT");
                    assertThat(failure.missing()).isEmpty();
                });
            }
            for (int rank = 0; rank < FaultWorld.RANKS; rank++) {
                world.rank(rank).awaitClosed();
            }
            assertThat(memory.entries()).isEmpty();
        }
    }

    private static void shouldDoMoreRounds(Jvm rank) throws Exception {
        long before = count(rank);
        long until = System.nanoTime() + Jvm.HANG.toNanos();
        while (count(rank) < before + 20) {
            assertThat(System.nanoTime()).as("%s stands still", rank.process()).isLessThan(until);
            Thread.sleep(20);
        }
    }

    private static long count(Jvm rank) throws Exception {
        rank.tell(Order.of(Order.Kind.COUNT));
        return rank.await(Report.Kind.COUNTED).rounds();
    }

    private static SmallSharedMemory permitted() throws Exception {
        Optional<SmallSharedMemory> memory = SmallSharedMemory.open(ROOM_FOR_ALL);
        assumeThat(memory)
                .as("skipped: a private /dev/shm can't be mounted here")
                .isPresent();
        return memory.orElseThrow();
    }

    /** Without a temporary folder outside, into which they would turn aside. */
    private FaultWorld world(SmallSharedMemory memory) {
        RankJvm jvm = RankJvm.of(FaultRank.class)
                .withPrefix(memory.inside())
                .withFlags("-Djava.io.tmpdir=/dev/shm/tmp", "-XX:-UsePerfData");
        return new FaultWorld(jvm, Duration.ofSeconds(5), flights);
    }
}
