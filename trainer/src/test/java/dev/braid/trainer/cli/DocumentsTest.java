package dev.braid.trainer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.config.Reference;
import dev.braid.trainer.config.Experiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The committed documents are what the program makes. */
final class DocumentsTest {
    private static final Path DOCS = Path.of("../docs");

    @Test
    void shouldHaveCommittedTheReferencePageThatTheRecordsMake() throws IOException {
        assertThat(Files.readString(DOCS.resolve("config.md")))
                .as("stale: run ./braid help config --markdown > docs/config.md")
                .isEqualTo(HelpCommand.referencePage());
    }

    @Test
    void shouldHaveCommittedTheSchemaThatTheRecordsMake() throws IOException {
        String schema = Files.readString(DOCS.resolve("config.schema.json"));
        assertThat(schema)
                .as("stale: run ./braid help config --schema > docs/config.schema.json")
                .isEqualTo(HelpCommand.jsonSchema());
        JsonNode json = new ObjectMapper().readTree(schema);
        assertThat(json.path("required").toString())
                .isEqualTo("[\"model\",\"data\",\"batch\",\"train\",\"optimizer\"]");
    }

    @Test
    void shouldExplainEveryKeyAndSayWhetherItIsRequired() {
        for (String key : Reference.keys(Experiment.class)) {
            String text = Reference.text(Experiment.class, key).orElseThrow();
            String[] lines = text.lines().filter(line -> line.startsWith(" ")).toArray(String[]::new);
            assertThat(lines[0]).as(key).startsWith("  " + key + "  ").matches(".*; .+");
            assertThat(lines[1].strip()).as(key).hasSizeGreaterThan(5).matches("[A-Z].*");
        }
    }

    @Test
    void shouldHaveTheKeysThatTheDesignNames() {
        assertThat(Reference.keys(Experiment.class))
                .contains(
                        "name",
                        "seed",
                        "output",
                        "model.dim",
                        "model.mixers.<name>.kv_heads",
                        "model.mixers.<name>.rope.base",
                        "model.ffns.<name>.hidden",
                        "model.vocab",
                        "data.sources.<n>.limit",
                        "data.tokenizer.vocab",
                        "data.sequence",
                        "batch.microbatch",
                        "train.recompute",
                        "train.validate_every",
                        "optimizer.weight_decay",
                        "schedule.final",
                        "precision.compute",
                        "parallel.reshard_after_forward",
                        "pipeline.optimistic_step",
                        "checkpoint.keep",
                        "init.from",
                        "engine");
    }
}
