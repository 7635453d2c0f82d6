package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three ranks of a pipeline in JVMs of their own, one of which dies in the middle of a step. */
@Timeout(240)
class PipelineFaultTest {
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

    /** In the middle of warm-up, steady state and cool-down of a step, each time some steps further; and then undisturbed. */
    @Test
    void shouldEndEveryRankWithTheNameOfTheOneThatDiedAndGoOnFromTheCheckpoint() throws Exception {
        MortalWorld ranks = new MortalWorld(folder, 3, 1, "tcp");
        Map<Long, Double> losses = new TreeMap<>();
        ranks.kill(OVERRIDES, "1F1", 1, losses);
        assertThat(losses).isEmpty();
        ranks.kill(OVERRIDES, "1I3", 4, losses);
        assertThat(losses).hasSize(3);
        ranks.kill(OVERRIDES, "1I5", 3, losses);
        assertThat(losses).hasSize(4);
        ranks.finish(OVERRIDES, losses);

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
        MortalWorld ranks = new MortalWorld(folder, 3, 1, "tcp");
        Map<Long, Double> losses = new TreeMap<>();

        // Rank 1 ends before it has told its totals of step 3: rank 0 waits for them with step 4 warmed up.
        ranks.kill(overrides, "1W5", 3, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L);

        // Rank 1 ends in the warm-up of step 4.
        ranks.kill(overrides, "1F0", 2, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L);
    }
}
