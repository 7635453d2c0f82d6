package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of mixtures: every rank writes its experts, and ranks of any other layout read theirs. */
class ExpertCheckpointTest {
    private static final String MIXTURE =
            "model.ffns={mlp: {type: moe, experts: 8, top_k: 2, hidden: 32, balance: {loss: none}}}";

    @TempDir
    private Path folder;

    @Test
    void shouldGoOnWithExpertsDividedInAnotherWay() throws Exception {
        Map<Long, Double> uninterrupted = new MeshRun(folder.resolve("whole"), MIXTURE).trainTo("", 12);
        MeshRun run = new MeshRun(folder.resolve("moved"), MIXTURE);
        assertClose(run.trainTo("shard=4,expert=4", 3), uninterrupted, 3);
        assertClose(run.trainTo("shard=2,expert=2,tensor=2,zero=1", 6), uninterrupted, 3);
        assertClose(run.trainTo("shard=4,expert=2,zero=2", 8), uninterrupted, 2);
        assertClose(run.trainTo("", 9), uninterrupted, 1);
        assertClose(run.trainTo("replicate=2,shard=2,expert=2", 12), uninterrupted, 3);
    }

    /** A choice between two experts that are nearly alike may fall the other way. */
    private static void assertClose(Map<Long, Double> losses, Map<Long, Double> expected, int count) {
        assertThat(losses).hasSize(count);
        losses.forEach((step, loss) ->
                assertThat(loss).as("loss of step %d", step).isCloseTo(expected.get(step), within(1e-4 * loss)));
    }
}
