package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.models.DecodeState;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.trainer.Braid;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.ranks.RankJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a training step of each mixer costs at several lengths of the sequence, with as many tokens a step, each in a JVM of its own,
 * one after the other, by turns: {@code ./braid test --long mixerSpeed trainer}.
 */
@Tag("long")
class MixerSpeedTest {
    private static final int TOKENS = 32_768;
    private static final int ROUNDS = 3;
    private static final int SHORTEST = 4_096;
    private static final int[] LENGTHS = {512, SHORTEST, 8_192, TOKENS};
    private static final int DECODED = 600;
    private static final String CONFIG = "../examples/bench-mixer.yaml";

    /** Eight heads of 64 or thereabouts in a width of 512: states of about 4,096 numbers a head. */
    private static final Map<String, String> MIXERS = new LinkedHashMap<>();

    static {
        MIXERS.put("linear_attention", "{type: linear_attention, heads: 8}");
        MIXERS.put("retnet", "{type: retnet, heads: 8, value_size: 64}");
        MIXERS.put("lightning", "{type: lightning, heads: 8}");
        MIXERS.put("gla", "{type: gla, heads: 8, key_size: 64}");
        MIXERS.put("hgrn2", "{type: hgrn2, heads: 8}");
        MIXERS.put("mamba2", "{type: mamba2, heads: 16, state_size: 64}");
        MIXERS.put("deltanet", "{type: deltanet, heads: 8}");
        MIXERS.put("gated_deltanet", "{type: gated_deltanet, heads: 8, key_size: 64, value_size: 64}");
        MIXERS.put("kda", "{type: kda, heads: 8, key_size: 64}");
        MIXERS.put("rwkv7", "{type: rwkv7, head_size: 64}");
    }

    /** Attention has no goal: its cost a token grows with the length. */
    @Test
    void shouldCostTheSameATokenAtAnyLength() throws IOException, InterruptedException {
        SoftAssertions goals = new SoftAssertions();
        for (Map.Entry<String, String> mixer : MIXERS.entrySet()) {
            Map<Integer, JsonNode> facts = new TreeMap<>();
            for (int length : LENGTHS) {
                facts.put(length, run(mixer.getValue(), length));
                print(mixer.getKey(), length, facts.get(length));
            }
            goals.assertThat(tokensPerSecond(facts.get(TOKENS)) / tokensPerSecond(facts.get(SHORTEST)))
                    .as(mixer.getKey())
                    .isCloseTo(1, within(0.1));
        }
        for (int length : new int[] {512, SHORTEST, 8_192}) {
            print("attention", length, run("{type: attention, heads: 8, kv_heads: 8}", length));
        }
        goals.assertAll();
    }

    /** After a prefix sixteen times as long a mixer has the same state, and takes as long for a token, give or take the clock. */
    @Test
    void shouldDecodeInConstantTimeAndMemory() {
        SoftAssertions goals = new SoftAssertions();
        for (Map.Entry<String, String> mixer : MIXERS.entrySet()) {
            List<Decoding> decodings = decode(mixer.getValue(), 512, 8_192);
            Decoding early = decodings.getFirst();
            Decoding late = decodings.getLast();
            System.out.printf(
                    Locale.ROOT,
                    "%-18s decodes a token in %.2f ms after 512, in %.2f ms after 8,192; state %d and %d bytes%n",
                    mixer.getKey(),
                    early.milliseconds,
                    late.milliseconds,
                    early.stateBytes,
                    late.stateBytes);
            goals.assertThat(late.stateBytes).as(mixer.getKey()).isEqualTo(early.stateBytes);
            goals.assertThat(late.milliseconds / early.milliseconds)
                    .as(mixer.getKey())
                    .isLessThan(1.25);
        }
        goals.assertAll();
    }

    private record Decoding(double milliseconds, long stateBytes) {}

    /** Decodes after each of the prefixes, by turns: code that is still being compiled is as slow for all of them. */
    private static List<Decoding> decode(String mixer, int... prefixes) {
        ModelConfig model = Experiment.read(Path.of(CONFIG), List.of("model.mixers.mix=" + mixer))
                .model();
        try (Compute compute = new Compute(2, "auto", "decode")) {
            Decoder decoder = new Decoder(model, model.vocab().orElseThrow(), compute, DType.BF16);
            decoder.initialize(1);
            List<DecodeState> states = new ArrayList<>();
            for (int prefix : prefixes) {
                states.add(decoder.newState(prefix + DECODED));
                decoder.step(states.getLast(), new int[prefix]);
            }
            double[][] times = new double[prefixes.length][DECODED];
            for (int token = 0; token < DECODED; token++) {
                for (int i = 0; i < prefixes.length; i++) {
                    long start = System.nanoTime();
                    decoder.step(states.get(i), new int[] {token});
                    times[i][token] = (System.nanoTime() - start) / 1e6;
                }
            }
            List<Decoding> decodings = new ArrayList<>();
            for (int i = 0; i < prefixes.length; i++) {
                long with = live(compute);
                states.get(i).close();
                decodings.add(new Decoding(
                        CommResult.median(Arrays.copyOfRange(times[i], DECODED / 2, DECODED)), with - live(compute)));
            }
            return decodings;
        }
    }

    private static long live(Compute compute) {
        return Arrays.stream(Category.values())
                .mapToLong(category -> compute.memory().live(category))
                .sum();
    }

    /**
     * Needs an interpreter with transformers in BRAID_PEERS_PYTHON; is skipped without one. The goal is for a sequence of 4,096 tokens;
     * figures of four shorter ones, and of the hybrid, where attention and feed-forwards are most of the work, stand beside it.
     */
    @Test
    void shouldTrainFasterThanThePlainCodeOfTransformers() throws IOException, InterruptedException {
        String python = System.getenv().getOrDefault("BRAID_PEERS_PYTHON", "");
        assumeFalse(python.isEmpty(), "BRAID_PEERS_PYTHON names no interpreter");
        SoftAssertions goals = new SoftAssertions();
        for (String mixer : List.of("mamba2", "gated_deltanet", "olmo_hybrid")) {
            double ratio = ratioToPeer(python, mixer, SHORTEST);
            if (!mixer.equals("olmo_hybrid")) {
                goals.assertThat(ratio).as(mixer).isGreaterThanOrEqualTo(3);
            }
            ratioToPeer(python, mixer, SHORTEST / 4);
        }
        goals.assertAll();
    }

    private static double ratioToPeer(String python, String mixer, int length)
            throws IOException, InterruptedException {
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            ours[round] = tokensPerSecond(besidePeer(mixer, length));
            theirs[round] = peer(python, mixer, length);
        }
        double ratio = CommResult.median(ours) / CommResult.median(theirs);
        System.out.printf(
                Locale.ROOT,
                "%s, bf16, %d x %d tokens: %.0f tokens/s, transformers %.0f, %.1f times%n",
                mixer,
                SHORTEST / length,
                length,
                CommResult.median(ours),
                CommResult.median(theirs),
                ratio);
        return ratio;
    }

    private static double peer(String python, String mixer, int length) throws IOException, InterruptedException {
        String[] shape = {"--seq", Integer.toString(length), "--batch", Integer.toString(SHORTEST / length)};
        String line = new PeerScript(Path.of("src/test/peers/mixer_bench.py"), python)
                .run(mixer, "--dtype", "bf16", shape[0], shape[1], shape[2], shape[3]).stream()
                        .filter(each -> each.startsWith("tokens/s="))
                        .findFirst()
                        .orElseThrow();
        return Double.parseDouble(line.substring("tokens/s=".length()));
    }

    /** The shapes that the script has. */
    private static JsonNode besidePeer(String name, int length) throws IOException, InterruptedException {
        boolean hybrid = name.equals("olmo_hybrid");
        String mixer = MIXERS.get(hybrid ? "gated_deltanet" : name);
        List<String> settings = new ArrayList<>(List.of(
                "model.mixers.mix=" + mixer,
                "data.sequence=" + length,
                "batch={sequences: " + SHORTEST / length + "}"));
        settings.addAll(
                hybrid
                        ? List.of(
                                "model.mixers.attn={type: attention, heads: 8}",
                                "model.layers=4",
                                "model.pattern=[mix+mlp, mix+mlp, mix+mlp, attn+mlp]")
                        : List.of("model.ffns={}", "model.pattern=[mix]"));
        return bench(10, settings);
    }

    private static double tokensPerSecond(JsonNode facts) {
        return facts.path("tokens_per_second").asDouble();
    }

    private static void print(String mixer, int length, JsonNode facts) {
        System.out.printf(
                Locale.ROOT,
                "%-18s %6d tokens a sequence: %6.0f tokens/s, %5.0f model GFLOP/s, peak %5.2f GiB%n",
                mixer,
                length,
                tokensPerSecond(facts),
                facts.path("model_gflops").asDouble(),
                facts.path("peak_memory_bytes").asDouble() / (1L << 30));
    }

    private static JsonNode run(String mixer, int length) throws IOException, InterruptedException {
        int sequences = TOKENS / length;
        return bench(
                3,
                List.of(
                        "model.mixers.mix=" + mixer,
                        "data.sequence=" + length,
                        "batch={sequences: " + sequences + ", microbatch: " + sequences + "}"));
    }

    private static JsonNode bench(int steps, List<String> settings) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(RankJvm.of(Braid.class).command());
        command.addAll(List.of("bench", "train", CONFIG, "--steps", Integer.toString(steps), "--json"));
        settings.forEach(setting -> command.addAll(List.of("-s", setting)));
        String json = PeerScript.lines(command).stream()
                .filter(line -> line.startsWith("{"))
                .findFirst()
                .orElseThrow();
        return new ObjectMapper().readTree(json);
    }
}
