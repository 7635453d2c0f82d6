package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.Braid;
import dev.braid.trainer.ranks.RankJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a training step with 16 experts, two for each token, costs beside one of a dense model with as many FLOPs a token, and beside
 * transformers; by turns, each in a process of its own: {@code ./braid test --long moeSpeed trainer}.
 */
@Tag("long")
class MoeSpeedTest {
    private static final int ROUNDS = 3;
    private static final int LENGTH = 1_024;
    private static final String CONFIG = "../examples/bench-mixer.yaml";
    private static final String ATTENTION = "model.mixers.mix={type: attention, heads: 8}";
    /** Two of them are as wide as the dense layer. */
    private static final String EXPERTS = "model.ffns.mlp={type: moe, experts: 16, top_k: 2, hidden: 704}";

    /** Whatever the batch, the update goes through all experts, of which the dense model has none: few tokens bear it less well. */
    @Test
    void shouldTrainAtThreeQuartersOfADenseModelsSpeed() throws IOException, InterruptedException {
        double few = ratioToDense(4);
        double many = ratioToDense(32);
        assertThat(many).as("32,768 tokens a step").isGreaterThanOrEqualTo(0.75);
        assertThat(few).as("4,096 tokens a step").isGreaterThanOrEqualTo(0.75);
    }

    private static double ratioToDense(int sequences) throws IOException, InterruptedException {
        double[] experts = new double[ROUNDS];
        double[] dense = new double[ROUNDS];
        double[] dispatch = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            JsonNode facts = bench(sequences, EXPERTS);
            experts[round] = tokensPerSecond(facts);
            dispatch[round] = facts.path("dispatch_share").asDouble();
            dense[round] = tokensPerSecond(bench(sequences));
        }
        double ratio = CommResult.median(experts) / CommResult.median(dense);
        System.out.printf(
                Locale.ROOT,
                "bf16, %d x %,d tokens: 16 experts %.0f tokens/s, dense %.0f, ratio %.2f; dispatch %.1f %% of the step%n",
                sequences,
                LENGTH,
                CommResult.median(experts),
                CommResult.median(dense),
                ratio,
                100 * CommResult.median(dispatch));
        return ratio;
    }

    /** Needs an interpreter with transformers in BRAID_PEERS_PYTHON; is skipped without one. */
    @Test
    void shouldTrainTwiceAsFastAsTransformers() throws IOException, InterruptedException {
        String python = System.getenv().getOrDefault("BRAID_PEERS_PYTHON", "");
        assumeFalse(python.isEmpty(), "BRAID_PEERS_PYTHON names no interpreter");
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            ours[round] = tokensPerSecond(bench(4, EXPERTS));
            theirs[round] = peer(python);
        }
        double ratio = CommResult.median(ours) / CommResult.median(theirs);
        System.out.printf(
                Locale.ROOT,
                "bf16, 4 x %,d tokens: 16 experts %.0f tokens/s, transformers' Mixtral %.0f, %.1f times%n",
                LENGTH,
                CommResult.median(ours),
                CommResult.median(theirs),
                ratio);
        assertThat(ratio).isGreaterThanOrEqualTo(2);
    }

    private static double peer(String python) throws IOException, InterruptedException {
        String line = new PeerScript(Path.of("src/test/peers/moe_bench.py"), python)
                .run("--dtype", "bf16").stream()
                        .filter(each -> each.startsWith("tokens/s="))
                        .findFirst()
                        .orElseThrow();
        return Double.parseDouble(line.substring("tokens/s=".length()));
    }

    private static double tokensPerSecond(JsonNode facts) {
        return facts.path("tokens_per_second").asDouble();
    }

    private static JsonNode bench(int sequences, String... settings) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(RankJvm.of(Braid.class).command());
        command.addAll(List.of("bench", "train", CONFIG, "--steps", "5", "--json", "-s", ATTENTION));
        command.addAll(List.of("-s", "data.sequence=" + LENGTH, "-s", "batch={sequences: " + sequences + "}"));
        for (String setting : settings) {
            command.addAll(List.of("-s", setting));
        }
        String json = PeerScript.lines(command).stream()
                .filter(line -> line.startsWith("{"))
                .findFirst()
                .orElseThrow();
        return new ObjectMapper().readTree(json);
    }
}
