package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.trainer.bench.CommBenchmark;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankEnd;
import dev.braid.trainer.ranks.RankJvm;
import dev.braid.trainer.ranks.RankProcesses;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three ranks of a pipeline in JVMs of their own, one of which dies in the middle of a step. */
@Timeout(240)
class PipelineFaultTest {
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration HANG = Duration.ofMinutes(5);
    private static final int RANKS = 3;
    private static final int VICTIM = 1;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** A step of ZB-H1 on rank 1 is 1F0 1F1 1I0 1F2 1I1 1W0 ... 1F5 1I4 1W3 1I5 1W4 1W5. */
    private static final List<String> OVERRIDES = List.of(
            "model.layers=5",
            "batch={sequences: 6, microbatch: 1}",
            "train.steps=8",
            "parallel.pipeline=3",
            "pipeline.schedule=zb-h1",
            "checkpoint.every=2");

    @TempDir
    private Path folder;

    private RankProcesses start(List<String> overrides, String lastAction, int lastStep) {
        CommunicationSettings settings = CommBenchmark.settings()
                .withReach(Reach.HOST)
                .withTransport("tcp")
                .withTimes(DEADLINE, DEADLINE.multipliedBy(4));
        List<RankAssignment> assignments = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            String last = rank == VICTIM ? lastAction : "";
            assignments.add(RankAssignment.of(
                    rank,
                    RANKS,
                    settings,
                    write(new PipelineFaultRank.Task(folder.toString(), overrides, last, lastStep))));
        }
        return RankProcesses.start(RankJvm.of(PipelineFaultRank.class), assignments);
    }

    private static String write(PipelineFaultRank.Task task) {
        try {
            return MAPPER.writeValueAsString(task);
        } catch (java.io.IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** In the middle of warm-up, steady state and cool-down of a step, each time some steps further; and then undisturbed. */
    @Test
    void shouldEndEveryRankWithTheNameOfTheOneThatDiedAndGoOnFromTheCheckpoint() throws Exception {
        Map<Long, Double> losses = new TreeMap<>();
        die(OVERRIDES, "1F1", 1, losses);
        assertThat(losses).isEmpty();
        die(OVERRIDES, "1I3", 4, losses);
        assertThat(losses).hasSize(3);
        die(OVERRIDES, "1I5", 3, losses);
        assertThat(losses).hasSize(4);
        finish(OVERRIDES, losses);

        Map<Long, Double> expected = new MeshRun(
                        folder.resolve("whole"),
                        "model.layers=5",
                        "batch={sequences: 6, microbatch: 1}",
                        "train.steps=8")
                .trainTo("", 8);
        assertThat(losses).isEqualTo(expected);
    }

    /**
     * Nothing is clipped, so that steps are warmed up once. A run settles steps 1 and 2 before it saves them, and goes on from there;
     * step 3 is to be settled in the warm-up of step 4.
     */
    @Test
    void shouldLeaveNothingOfAnOptimisticStepThatOthersCannotSettle() throws Exception {
        List<String> overrides = new ArrayList<>(OVERRIDES);
        overrides.add("pipeline={schedule: zb-h2, optimistic_step: true}");
        overrides.add("optimizer.clip=1000");
        Map<Long, Double> losses = new TreeMap<>();

        // Rank 1 ends before it has told its totals of step 3: rank 0 waits for them with step 4 warmed up.
        die(overrides, "1W5", 3, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L);

        // Rank 1 ends in the warm-up of step 4.
        die(overrides, "1F0", 2, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L);
    }

    private void die(List<String> overrides, String action, int step, Map<Long, Double> losses) throws Exception {
        try (RankProcesses ranks = start(overrides, action, step)) {
            ranks.meet(HANG);
            RankEnd victim = ranks.rank(VICTIM).await(HANG).orElseThrow();
            assertThat(victim.exitCode()).as(ranks.rank(VICTIM).output()).isEqualTo(PipelineFaultRank.KILLED);
            long died = System.nanoTime();
            List<RankEnd> ends = ranks.await(HANG);
            assertThat(Duration.ofNanos(System.nanoTime() - died))
                    .as("until the last rank has ended")
                    .isLessThan(DEADLINE.multipliedBy(2));
            for (RankEnd end : ends) {
                if (end.rank() != VICTIM) {
                    assertThat(end.error()).as(ranks.rank(end.rank()).output()).isPresent();
                    assertThat(end.error().get().describe()).contains("rank " + VICTIM);
                    heard(ranks, end.rank(), losses);
                }
            }
        }
    }

    private void finish(List<String> overrides, Map<Long, Double> losses) throws Exception {
        try (RankProcesses ranks = start(overrides, "", 0)) {
            ranks.meet(HANG);
            for (RankEnd end : ranks.await(HANG)) {
                assertThat(end.well()).as(ranks.describe(end)).isTrue();
                heard(ranks, end.rank(), losses);
            }
        }
    }

    /** Takes losses in, and checks that nothing was left of the step. */
    private static void heard(RankProcesses ranks, int rank, Map<Long, Double> losses) throws Exception {
        boolean ended = false;
        for (Optional<String> event = ranks.rank(rank).event(Duration.ofSeconds(1));
                event.isPresent();
                event = ranks.rank(rank).event(Duration.ofMillis(1))) {
            PipelineFaultRank.Told told = MAPPER.readValue(event.get(), PipelineFaultRank.Told.class);
            if (told.step() > 0) {
                losses.put(told.step(), told.loss());
            } else {
                ended = true;
                assertThat(told.leftActivations())
                        .as("activations left on rank %d", rank)
                        .isZero();
                assertThat(told.leftCommunication())
                        .as("communication left on rank %d", rank)
                        .isZero();
            }
        }
        assertThat(ended).as("rank %d has come to its end", rank).isTrue();
    }
}
