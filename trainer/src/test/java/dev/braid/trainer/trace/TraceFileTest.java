package dev.braid.trainer.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.tensor.trace.Span;
import dev.braid.tensor.trace.Span.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceFileTest {
    @TempDir
    private Path folder;

    @Test
    void shouldPutThePartsOfAllRanksTogetherInTheOrderOfRanks() throws IOException {
        TraceFile file = new TraceFile(folder.resolve("trace-step-7.json"));
        file.writePart(trace(1, "later"));
        file.writePart(trace(0, "earlier"));
        assertThat(file.merge("step 7", 2)).isEmpty();
        JsonNode json = new ObjectMapper().readTree(file.path().toFile());
        assertThat(json.at("/otherData/title").asText()).isEqualTo("step 7");
        assertThat(json.get("traceEvents").findValuesAsText("name"))
                .contains("earlier", "later")
                .containsSubsequence("earlier", "later");
        assertThat(names()).containsExactly("trace-step-7.json");
    }

    @Test
    void shouldNameTheRanksThatHaveWrittenNothing() throws IOException {
        TraceFile file = new TraceFile(folder.resolve("trace-step-7.json"));
        file.writePart(trace(1, "there"));
        assertThat(file.merge("step 7", 4)).containsExactly(0, 2, 3);
        assertThat(new ObjectMapper().readTree(file.path().toFile()).get("traceEvents"))
                .hasSize(5);
    }

    @Test
    void shouldReplaceATraceOfAnEarlierAttemptAndDropPartsOfALargerMesh() throws IOException {
        TraceFile file = new TraceFile(folder.resolve("trace-step-7.json"));
        Files.writeString(file.path(), "old");
        file.writePart(trace(5, "of another mesh"));
        file.writePart(trace(0, "new"));
        assertThat(file.merge("step 7", 1)).isEmpty();
        assertThat(file.path()).content().contains("\"new\"").doesNotContain("of another mesh");
        assertThat(names()).containsExactly("trace-step-7.json");
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    private static RankTrace trace(int rank, String operation) {
        return new RankTrace(rank, "shard " + rank, List.of(Span.own(Kind.COMPUTE, operation, 1_000, 2_000)), 0, 0);
    }
}
