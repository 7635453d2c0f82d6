package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.Braid;
import dev.braid.trainer.ranks.RankJvm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two ranks of half the cores each against one rank of all of them, and against PyTorch's fully_shard over gloo with as many
 * processes, one program after the other: {@code ./braid test --long shardedSpeed}.
 */
@Tag("long")
class ShardedSpeedTest {
    private static final int ROUNDS = 3;
    private static final String CONFIG = "../examples/bench-llama-32m.yaml";
    private static final Pattern RATE = Pattern.compile("tokens/s=(\\d+)");

    @ParameterizedTest
    @ValueSource(strings = {"bf16", "f32"})
    void shouldLoseLittleToOneRankAndBeatFullyShard(String precision) throws IOException, InterruptedException {
        Map<String, List<Double>> rates = new LinkedHashMap<>();
        Optional<PeerScript> peer = PeerScript.find("torch_llama_bench.py", System.getenv());
        for (int round = 0; round < ROUNDS; round++) {
            add(rates, "one rank", braid(precision));
            add(rates, "zero 1", braid(precision, "parallel.shard=2", "parallel.zero=1"));
            if (peer.isPresent()) {
                add(rates, "fully_shard", torch(peer.get(), precision));
            }
            add(rates, "zero 3", braid(precision, "parallel.shard=2", "parallel.zero=3"));
        }
        double alone = median(rates.get("one rank"));
        System.out.printf("%s, tokens/s of %d rounds, median and its part of one rank's%n", precision, ROUNDS);
        rates.forEach((name, values) -> System.out.printf(
                Locale.ROOT, "%-12s %s %8.0f %6.2f%n", name, values, median(values), median(values) / alone));
        SoftAssertions goals = new SoftAssertions();
        goals.assertThat(median(rates.get("zero 1"))).as("zero 1").isGreaterThanOrEqualTo(0.9 * alone);
        goals.assertThat(median(rates.get("zero 3"))).as("zero 3").isGreaterThanOrEqualTo(0.8 * alone);
        if (peer.isPresent()) {
            goals.assertThat(median(rates.get("zero 3")))
                    .as("zero 3 against fully_shard")
                    .isGreaterThanOrEqualTo(1.2 * median(rates.get("fully_shard")));
        }
        goals.assertAll();
    }

    private static void add(Map<String, List<Double>> rates, String name, double rate) {
        rates.computeIfAbsent(name, key -> new ArrayList<>()).add(rate);
    }

    /** In a JVM of its own, which has compiled nothing for another layout. */
    private static double braid(String precision, String... settings) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(RankJvm.of(Braid.class).command());
        // Two ranks keep all cores busy, so that the compiler takes longer than it does beside one.
        command.addAll(
                List.of("bench", "train", CONFIG, "--steps", "16", "--json", "-s", "precision.compute=" + precision));
        Arrays.stream(settings).forEach(setting -> command.addAll(List.of("-s", setting)));
        String json = PeerScript.lines(command).stream()
                .filter(line -> line.startsWith("{"))
                .findFirst()
                .orElseThrow();
        JsonNode facts = new ObjectMapper().readTree(json);
        return facts.path("tokens_per_second").asDouble();
    }

    private static double torch(PeerScript script, String precision) throws IOException, InterruptedException {
        for (String line : script.run("--ranks", "2", "--steps", "6", "--dtype", precision)) {
            Matcher matcher = RATE.matcher(line);
            if (matcher.find()) {
                return Double.parseDouble(matcher.group(1));
            }
        }
        throw new AssertionError("torch_llama_bench.py printed no tokens/s");
    }

    private static double median(List<Double> values) {
        assertThat(values).isNotEmpty();
        return CommResult.median(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
