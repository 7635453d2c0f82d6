package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.bench.CommText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole command over real ranks; what its figures are is not looked at. */
@Timeout(180)
class BenchCommTest {
    private static List<JsonNode> json(String output) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : output.lines().toList()) {
            lines.add(new ObjectMapper().readTree(line));
        }
        return lines;
    }

    @Test
    void shouldMeasureThreadsOfThisJvmAndLeaveNone() throws IOException {
        Commands.Outcome result = Commands.run(
                "bench", "comm", "--ranks", "3", "--ops", "all_reduce,barrier", "--sizes", "1000,4KiB", "--json");
        assertThat(result.exit()).as(result.err()).isZero();
        List<JsonNode> lines = json(result.out());
        assertThat(lines)
                .extracting(line -> line.get("op").asText())
                .containsExactly("all_reduce", "all_reduce", "barrier");
        assertThat(lines).extracting(line -> line.get("bytes").asLong()).containsExactly(1000L, 4096L, 0L);
        assertThat(lines).allMatch(line -> line.get("ranks").asInt() == 3);
        assertThat(lines).allMatch(line -> line.get("transport").asText().equals("shared"));
        assertThat(lines).allMatch(line -> line.get("median_us").asDouble() > 0);
        assertThat(lines.getFirst().get("busbw_gbps").asDouble()).isPositive();
        assertThat(threads()).isEmpty();
    }

    @Test
    void shouldMeasureJvmsOfTheirOwn() {
        Commands.Outcome result = Commands.run(
                "bench",
                "comm",
                "--processes",
                "--ops",
                "all_gather",
                "--sizes",
                "64KiB",
                "--repeats",
                "3",
                "--preflight");
        assertThat(result.exit()).as(result.err()).isZero();
        List<String> printed = result.out().lines().toList();
        assertThat(printed.getFirst()).startsWith("2 ranks, each a JVM of this host, f32");
        assertThat(result.out()).contains("\nok     clock ", "\ntransport      alpha us");
        assertThat(printed.subList(printed.size() - 3, printed.size()))
                .satisfies(lines -> assertThat(lines.get(0)).isEqualTo(CommText.header()))
                .satisfies(lines -> assertThat(lines.get(1)).matches("all_gather +65,536  shared\\+ipc .*%"))
                .satisfies(lines ->
                        assertThat(lines.get(2)).startsWith("memory copy of the same bytes by one thread: 65,536"));
    }

    /** Threads of a benchmark; what Spark started for tests before this one goes on. */
    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name ->
                        name.startsWith("braid-communication") || name.matches("rank \\d+") || name.contains("aeron"))
                .collect(Collectors.toSet());
    }
}
