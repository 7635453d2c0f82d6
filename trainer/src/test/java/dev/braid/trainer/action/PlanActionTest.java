package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.action.Commands.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code braid plan} of a pipeline: 8 layers of width 512, tokens of 8192 kinds, 4 micro-batches of 2 x 512 tokens. */
final class PlanActionTest {
    private static final String CONFIG = "../examples/bench-llama-32m.yaml";

    @TempDir
    private Path folder;

    private static Outcome plan(String... further) {
        List<Object> words = new ArrayList<>(
                List.of("plan", CONFIG, "--cores", "1", "-s", "parallel.pipeline=2", "-s", "batch.microbatch=2"));
        words.addAll(Arrays.asList(further));
        return Commands.run(words.toArray());
    }

    private static JsonNode json(String... further) throws IOException {
        List<String> words = new ArrayList<>(Arrays.asList(further));
        words.add("--json");
        Outcome outcome = plan(words.toArray(String[]::new));
        assertThat(outcome.err()).isEmpty();
        return new ObjectMapper().readTree(outcome.out());
    }

    @Test
    void shouldShowStagesScheduleMemoryAndTraffic() {
        Outcome outcome = plan("-s", "pipeline.layers=[5,3]", "--memory", "1GiB");
        assertThat(outcome.exit()).isZero();
        assertThat(outcome.out())
                .startsWith("pipeline 2 x replicate 1 x shard 1 x tensor 1 = 2 ranks\n")
                .contains(
                        "  0     0      embedding, layers 0-4 ",
                        "  1     1      layers 5-7, head ",
                        "schedule 1f1b, in estimated times",
                        "rank 0 F0",
                        "bubble of a step: ",
                        "memory of a rank at its peak\n",
                        "sent by a rank in a step\n",
                        // 4 micro-batches of 1024 tokens of 512 figures of 2 bytes
                        "  0          4.2 MB         0 B ",
                        "fits: ");
    }

    @Test
    void shouldGiveTheSameToPrograms() throws IOException {
        JsonNode facts = json("-s", "pipeline.schedule=zb-v", "--rate", "150", "--memory", "100MiB");
        assertThat(facts.path("schedule").asText()).isEqualTo("zb-v");
        assertThat(facts.path("stages")).hasSize(4);
        assertThat(facts.path("stages").get(0).path("ranks").toString()).isEqualTo("[0]");
        assertThat(facts.path("stages").get(3).path("head").asBoolean()).isTrue();
        assertThat(facts.path("pipeline_ranks")).hasSize(2);
        assertThat(facts.path("pipeline_ranks").get(0).path("stages").toString())
                .isEqualTo("[0,3]");
        assertThat(facts.path("fits").asBoolean()).isFalse();
        double step = facts.path("makespan_flops").asDouble();
        assertThat(facts.path("tokens_per_second").asDouble()).isEqualTo(4096 * 150e9 / step);
    }

    @Test
    void shouldPlanAScheduleFromAFile() throws IOException {
        Path file = folder.resolve("mine.txt");
        Commands.run("schedule", "zb-h1", "--ranks", "2", "--micro-batches", "4", "--save", file);
        JsonNode named = json("-s", "pipeline.schedule=zb-h1");
        JsonNode read = json("-s", "pipeline.schedule=" + file);
        assertThat(read).isEqualTo(named);
        Files.writeString(file, Files.readString(file).replace("0F0 0F1", "0F1 0F0"));
        Outcome broken = plan("-s", "pipeline.schedule=" + file);
        assertThat(broken.exit()).isEqualTo(2);
        assertThat(broken.err())
                .startsWith("braid plan: pipeline.schedule: " + file
                        + ": rank 1, action 0 (1F0): it is the next one to take");
    }

    /** Stage 0 is on the ranks 0 and 1, stage 3 on 3 and 2. */
    @Test
    void shouldRefuseAFileThatPlacesTiedEmbeddingsOnDifferentPairsOfRanks() throws IOException {
        Path file = Files.writeString(folder.resolve("pairs.txt"), """
                name: pairs
                ranks: 4
                microbatches: 2
                placement: 0 1 2 3 / 1 0 3 2
                settles: yes
                rank 0: 0F0 1F1 1B1 0B0
                rank 1: 0F1 1F0 1B0 0B1
                rank 2: 2F0 3F1 3B1 2B0
                rank 3: 2F1 3F0 3B0 2B1
                """);
        List<String> keys = List.of(
                "-s", "parallel.pipeline=4", "-s", "batch.sequences=4", "-s", "pipeline.schedule=" + file, "-s");
        Outcome tied = plan(with(keys, "model.tie_embeddings=true"));
        assertThat(tied.exit()).isEqualTo(2);
        assertThat(tied.err())
                .contains(
                        "pipeline.schedule: " + file + ": the tied units embedding and head are on the ranks [0, 1] and"
                                + " [3, 2] of the pipeline: they must be on the same ranks, or each on one");
        Outcome apart = plan(with(keys, "model.tie_embeddings=false"));
        assertThat(apart.exit()).as(apart.err()).isZero();
    }

    private static String[] with(List<String> words, String last) {
        return Stream.concat(words.stream(), Stream.of(last)).toArray(String[]::new);
    }

    @Test
    void shouldCompareSchedulesAndRecommendOne() throws IOException {
        Outcome outcome = plan("--compare", "--rate", "150");
        assertThat(outcome.out())
                .startsWith("  schedule      stages   bubble  tokens/s  activations        total\n")
                .contains("\n  zb-h2 * ", "\nfastest: pipeline.schedule=");
        JsonNode facts = json("--compare", "--memory", "450MiB");
        assertThat(facts.path("schedules")).hasSize(16);
        for (JsonNode choice : facts.path("schedules")) {
            boolean fits = choice.path("defined").asBoolean()
                    && choice.path("total_bytes").asLong() <= 450L << 20;
            assertThat(choice.path("fits").asBoolean()).as("%s", choice).isEqualTo(fits);
        }
        assertThat(facts.path("recommended").asText()).isNotEmpty();
    }

    /** Orders need 361 to 422 MiB here, of which the copies to undo a step are a part. */
    @Test
    void shouldLeaveRoomToUndoAStepInAnAutomaticSchedule() throws IOException {
        String[] four = {
            "-s",
            "parallel.pipeline=4",
            "-s",
            "batch.microbatch=1",
            "-s",
            "pipeline.schedule=zb-2p",
            "-s",
            "pipeline.memory_limit=400MiB",
            "-s",
            "pipeline.optimistic_step=true"
        };
        JsonNode facts = json(four);
        assertThat(facts.path("fits").asBoolean()).as("%s", facts).isTrue();
    }

    @Test
    void shouldMakeAnAutomaticScheduleForTheMemoryThatWasAskedFor() {
        String[] four = {"-s", "parallel.pipeline=4", "-s", "batch.microbatch=1", "-s", "pipeline.schedule=zb-2p"};
        Outcome asked = plan(Stream.concat(Arrays.stream(four), Stream.of("--memory", "300MiB"))
                .toArray(String[]::new));
        Outcome written = plan(Stream.concat(Arrays.stream(four), Stream.of("-s", "pipeline.memory_limit=300MiB"))
                .toArray(String[]::new));
        assertThat(asked.out()).contains("fits: ").isEqualTo(written.out());
        assertThat(asked.err())
                .isEqualTo("note: zb-2p is made for --memory here; a run makes it so with"
                        + " -s pipeline.memory_limit=300MiB\n");
        assertThat(written.err()).isEmpty();
    }

    @Test
    void shouldCompareOnlyPipelines() {
        Outcome outcome = Commands.run("plan", CONFIG, "--compare");
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.err())
                .isEqualTo("braid plan: --compare is for pipelines, and parallel.pipeline is 1; raise it, as with"
                        + " -s parallel.pipeline=2\n");
    }

    @Test
    void shouldSayWhatAnAutomaticScheduleNeedsAtLeast() {
        Outcome outcome = plan("-s", "pipeline.schedule=zb-2p", "-s", "pipeline.memory_limit=64MiB");
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.err())
                .contains("pipeline.memory_limit: 64.0 MiB is too small for zb-2p: a rank needs ")
                .contains(" without any activations, and ");
    }

    @Test
    void shouldNameTheOptionWhoseHostsCutExpertGroups() {
        Outcome outcome = Commands.run(
                "plan",
                "../examples/moe.yaml",
                "-s",
                "parallel={shard: 4, expert: 4}",
                "-s",
                "batch.microbatch=2",
                "--ranks-per-host",
                "3");
        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.err()).contains("--ranks-per-host: 3 ranks a host divide the expert groups of");
    }
}
