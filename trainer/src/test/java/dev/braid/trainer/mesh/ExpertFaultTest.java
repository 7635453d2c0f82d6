package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Four ranks with two experts each, in JVMs of their own, one of which is lost while the rows of all tokens are with the experts: the
 * others have no way to combine them.
 *
 * <p>In each of the two layers a rank waits for the others 5 times in forward (how many rows come, which experts they have, their
 * weights, <b>the rows</b>, and what the experts made of them), and 3 times in backward (<b>gradients of that</b>, of weights, of rows).
 */
@Timeout(240)
class ExpertFaultTest {
    private static final String AXIS = "expert";
    private static final int FORWARD = 5;
    private static final int STEP = 2 * (FORWARD + 3);
    private static final int ROWS_HAVE_COME = 4;

    /** What units hold is not in question: gradients of tied embeddings add up in two places of a step. */
    private static final String[] MIXTURE = {
        "model.tie_embeddings=false",
        "model.ffns={mlp: {type: moe, experts: 8, top_k: 2, hidden: 32, balance: {loss: global, coefficient: 0.01},"
                + " shared: {hidden: 20}}}",
        "batch={sequences: 12, microbatch: 3}",
        "train.steps=8"
    };

    @TempDir
    private static Path whole;

    private static Map<Long, Double> uninterrupted;

    @TempDir
    private Path folder;

    @BeforeAll
    static void trainWithAThreadForEachRank() throws Exception {
        uninterrupted = new MeshRun(whole, MIXTURE).trainTo("shard=4,expert=4,zero=0", 8);
    }

    private static List<String> overrides() {
        List<String> overrides = new ArrayList<>(List.of(MIXTURE));
        overrides.add("parallel={shard: 4, expert: 4, zero: 0}");
        overrides.add("checkpoint.every=2");
        return overrides;
    }

    @Test
    void shouldEndEveryRankWithTheNameOfTheOneThatDiedAndGoOnFromTheCheckpoint() throws Exception {
        MortalWorld ranks = new MortalWorld(folder, 4, 1, "auto");
        Map<Long, Double> losses = new TreeMap<>();
        // From the first step on, in the second layer of step 4.
        ranks.kill(overrides(), AXIS, 3 * STEP + FORWARD + ROWS_HAVE_COME, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L, 3L);

        // From step 2 on, in the backward pass of step 5.
        ranks.kill(overrides(), AXIS, 2 * STEP + 2 * FORWARD + 1, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L, 3L, 4L);
        ranks.finish(overrides(), losses);
        assertThat(losses).isEqualTo(uninterrupted);
    }

    @Test
    void shouldEndEveryRankWithTheFailureOfOneAndGoOnFromTheCheckpoint() throws Exception {
        MortalWorld ranks = new MortalWorld(folder, 4, 2, "auto");
        Map<Long, Double> losses = new TreeMap<>();
        ranks.fail(overrides(), AXIS, 2 * STEP + ROWS_HAVE_COME, losses);
        assertThat(losses.keySet()).containsExactly(1L, 2L);
        ranks.finish(overrides(), losses);
        assertThat(losses).isEqualTo(uninterrupted);
    }
}
