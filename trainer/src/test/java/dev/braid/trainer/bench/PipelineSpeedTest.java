package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.Braid;
import dev.braid.trainer.ranks.RankJvm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A pipeline of two ranks of a core each beside what the simulator makes of the measured times of its actions, each schedule in a JVM
 * of its own, one after the other: {@code ./braid test --long pipelineSpeed}.
 */
@Tag("long")
class PipelineSpeedTest {
    private static final int ROUNDS = 3;
    private static final String CONFIG = "../examples/bench-llama-32m.yaml";

    /** Medians over the rounds. */
    private record Figures(double tokensPerSecond, double bubble, double simulatedBubble, double simulatedSeconds) {
        static Figures of(List<JsonNode> rounds) {
            return new Figures(
                    median(rounds, facts -> facts.path("tokens_per_second").asDouble()),
                    median(rounds, facts -> facts.at("/pipeline/bubble").asDouble()),
                    median(
                            rounds,
                            facts -> facts.at("/pipeline/simulated_bubble").asDouble()),
                    median(
                            rounds,
                            facts -> facts.at("/pipeline/simulated_actions_ms").asDouble() / 1e3));
        }

        private static double median(List<JsonNode> rounds, ToDoubleFunction<JsonNode> figure) {
            return CommResult.median(rounds.stream().mapToDouble(figure).toArray());
        }
    }

    @Test
    void shouldWaitAsLongAsSimulated() throws IOException, InterruptedException {
        List<Figures> figures = alternating(1, "1f1b", "zb-h1", "zb-v", "dualpipe-v");

        SoftAssertions goals = new SoftAssertions();
        for (Figures each : figures) {
            goals.assertThat(each.simulatedBubble).isPositive();
            goals.assertThat(each.bubble).isCloseTo(each.simulatedBubble, within(0.05));
        }
        goals.assertAll();
    }

    @Test
    void shouldGainByZeroBubbleWhatIsSimulated() throws IOException, InterruptedException {
        List<Figures> figures = alternating(2, "1f1b", "zb-v");

        double gain = figures.get(1).tokensPerSecond / figures.get(0).tokensPerSecond;
        double simulated = figures.get(0).simulatedSeconds / figures.get(1).simulatedSeconds;
        System.out.printf(Locale.ROOT, "zb-v over 1f1b: %.3f measured, %.3f simulated%n", gain, simulated);
        assertThat(gain).isGreaterThanOrEqualTo(0.9 * simulated);
    }

    /** Of each schedule, by turns. */
    private static List<Figures> alternating(int microbatch, String... schedules)
            throws IOException, InterruptedException {
        List<List<JsonNode>> rounds = Arrays.stream(schedules)
                .<List<JsonNode>>map(schedule -> new ArrayList<>())
                .toList();
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < schedules.length; i++) {
                rounds.get(i).add(run(microbatch, schedules[i]));
            }
        }
        List<Figures> figures = rounds.stream().map(Figures::of).toList();
        System.out.printf("%d micro-batches, medians of %d rounds%n", 8 / microbatch, ROUNDS);
        for (int i = 0; i < schedules.length; i++) {
            Figures each = figures.get(i);
            System.out.printf(
                    Locale.ROOT,
                    "%-12s %6.0f tokens/s, bubble %5.3f measured, %5.3f simulated%n",
                    schedules[i],
                    each.tokensPerSecond,
                    each.bubble,
                    each.simulatedBubble);
        }
        return figures;
    }

    /**
     * Zero bubble over a whole run takes steps that wait for no norm: zb-v, which is counted by its span, has them. Nothing is clipped:
     * random tokens would have every step undone.
     */
    private static JsonNode run(int microbatch, String schedule) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(RankJvm.of(Braid.class).command());
        command.addAll(List.of("bench", "train", CONFIG, "--steps", "12", "--json"));
        command.addAll(List.of("-s", "parallel.pipeline=2", "-s", "pipeline.schedule=" + schedule));
        command.addAll(List.of("-s", "batch.microbatch=" + microbatch, "-s", "optimizer.clip=none"));
        if (schedule.equals("zb-v")) {
            command.addAll(List.of("-s", "pipeline.optimistic_step=true"));
        }
        String json = PeerScript.lines(command).stream()
                .filter(line -> line.startsWith("{"))
                .findFirst()
                .orElseThrow();
        return new ObjectMapper().readTree(json);
    }
}
