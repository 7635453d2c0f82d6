package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.data.Sample;
import dev.braid.tensor.Shape;
import dev.braid.trainer.action.Commands.Outcome;
import dev.braid.trainer.report.MetricsReader;
import dev.braid.trainer.report.StepRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recall task through whole commands: no text, no tokenizer, no preparation. */
class RecallCommandTest {
    @TempDir
    static Path folder;

    private static Path config;
    private static Outcome trained;

    @BeforeAll
    static void train() throws IOException {
        config = folder.resolve("recall.yaml");
        Files.writeString(config, """
                output: %s
                model:
                  dim: 32
                  layers: 2
                  context: 16
                  mixers: {attn: {type: attention, heads: 2}}
                  ffns: {mlp: {type: swiglu, hidden: 64}}
                  pattern: [attn+mlp]
                data: {type: recall, pairs: 2, vocab: 8, validation: 6}
                batch: {sequences: 8, microbatch: 4}
                train: {steps: 10, validate_every: 5}
                optimizer: {type: adamw, lr: 1.0e-2}
                precision: {compute: f32}
                checkpoint: {every: 5, keep: 2}
                """.formatted(run("whole")));
        trained = Commands.run("train", config);
    }

    private static Path run(String name) {
        return folder.resolve("runs").resolve(name);
    }

    private static List<StepRecord> metrics(String name) throws IOException {
        return MetricsReader.read(run(name).resolve("metrics.jsonl"));
    }

    @Test
    void shouldTrainWithoutATokenizerAndTellHowManyAnswersAreRight() throws IOException {
        assertThat(trained.exit()).as(trained.err()).isZero();
        assertThat(trained.err()).contains("data: recall of 2 pairs in 16 tokens, vocabulary 8", "% right");
        assertThat(trained.out())
                .contains("accuracy", "Next: ./braid compare " + run("whole"))
                .doesNotContain("sample:");
        List<StepRecord> steps = metrics("whole");
        assertThat(steps).hasSize(10);
        assertThat(steps).filteredOn(step -> step.valAccuracy().isPresent()).hasSize(2);
        // Twelve answers: six sequences of two.
        double right = steps.getLast().valAccuracy().orElseThrow() * 12;
        assertThat(right).isEqualTo(Math.rint(right)).isBetween(0.0, 12.0);
        assertThat(Files.readString(run("whole").resolve("report.html"))).contains("Accuracy", "\"accSteps\":[5,10]");
    }

    @Test
    void shouldGoOnWhereAShorterRunEnded() throws IOException {
        Commands.run("train", config, "-s", "output=" + run("cut"), "-s", "train.steps=5");
        Outcome resumed = Commands.run("train", config, "-s", "output=" + run("cut"));
        assertThat(resumed.exit()).as(resumed.err()).isZero();
        assertThat(metrics("cut"))
                .extracting(StepRecord::loss)
                .isEqualTo(metrics("whole").stream().map(StepRecord::loss).toList());
        assertThat(metrics("cut").getLast().valAccuracy())
                .isEqualTo(metrics("whole").getLast().valAccuracy());
    }

    @Test
    void shouldSeeTheSameSequencesOnTwoDataRanks() throws IOException {
        Outcome two = Commands.run("train", config, "-s", "output=" + run("two"), "-s", "parallel.replicate=2");
        assertThat(two.exit()).as(two.err()).isZero();
        for (int step = 0; step < 10; step++) {
            StepRecord alone = metrics("whole").get(step);
            StepRecord both = metrics("two").get(step);
            assertThat(both.loss()).as("step %d", step + 1).isCloseTo(alone.loss(), within(1e-5));
            assertThat(both.valAccuracy()).isEqualTo(alone.valAccuracy());
        }
    }

    @Test
    void shouldShowSequencesAndTheExactBatches() throws IOException {
        Outcome shown = Commands.run("data", "show", config);
        assertThat(shown.exit()).as(shown.err()).isZero();
        assertThat(shown.out()).contains("--- sample 0\n", " is ", "? ", "(token ");
        Path out = folder.resolve("batches.safetensors");
        assertThat(Commands.run("data", "show", config, "--steps", "2", "--out", out)
                        .exit())
                .isZero();
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertThat(file.tensor("labels").shape()).isEqualTo(Shape.of(2, 8, 16));
            assertThat(Arrays.stream(file.longs("labels")).filter(label -> label != Sample.IGNORED))
                    .hasSize(2 * 8 * 2)
                    .allMatch(label -> label >= 4 && label < 8);
        }
        assertThat(Commands.run("data", "prepare", config).out()).contains("there is nothing to prepare");
    }

    @Test
    void shouldSayWhyThereIsNoTextToSample() {
        Outcome sampled = Commands.run("sample", run("whole"), "--prompt", "1 2");
        assertThat(sampled.exit()).isEqualTo(2);
        assertThat(sampled.err()).contains("has no tokenizer (it was trained on generated token ids");
    }

    @Test
    void shouldCompareItWithItself() throws IOException {
        Path svg = folder.resolve("compared.svg");
        Outcome compared = Commands.run("compare", run("whole"), run("whole"), "--svg", svg);
        assertThat(compared.exit()).as(compared.err()).isZero();
        assertThat(compared.out().lines()).hasSize(4).last().asString().startsWith("| recall | attn+mlp |");
        assertThat(Files.readString(svg)).contains("accuracy in validation over the steps");
        Commands.run("compare", run("whole"), run("whole"), "--svg", svg, "--curve", "training");
        assertThat(Files.readString(svg)).contains("training loss over the steps");
        Outcome absent = Commands.run("compare", folder.resolve("nowhere"));
        assertThat(absent.exit()).isEqualTo(2);
        assertThat(absent.err()).contains("nowhere has no config.yaml", "nowhere has no metrics.jsonl");
    }

    @Test
    void shouldNotDrawACurveThatNoRunHas() throws IOException {
        Path unvalidated = Files.createDirectories(folder.resolve("unvalidated"));
        Files.copy(run("whole").resolve("config.yaml"), unvalidated.resolve("config.yaml"));
        Files.write(
                unvalidated.resolve("metrics.jsonl"),
                Files.readAllLines(run("whole").resolve("metrics.jsonl")).stream()
                        .filter(line -> !line.contains("val_accuracy"))
                        .toList());
        Path svg = folder.resolve("none.svg");
        Outcome refused = Commands.run("compare", unvalidated, "--svg", svg, "--curve", "accuracy");
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err())
                .contains(
                        "none of these runs has values of --curve accuracy; leave it out, and the picture shows what they"
                                + " have");
        assertThat(svg).doesNotExist();
    }

    @Test
    void shouldRefuseWhatDoesNotFitBeforeAnythingStarts() {
        Outcome refused = Commands.run(
                "train",
                config,
                "-s",
                "output=" + run("refused"),
                "-s",
                "data.pairs=5",
                "-s",
                "data.sources=[]",
                "-s",
                "model.vocab=9");
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err()).contains("'sources' is a key of type: text, and this is of type: recall");
        Outcome long4 =
                Commands.run("train", config, "-s", "data.pairs=5", "-s", "data.vocab=12", "-s", "model.vocab=9");
        assertThat(long4.err())
                .contains(
                        "data.pairs: 5 pairs don't fit a sequence of 16 tokens",
                        "model.vocab: is 9, but the data has 12");
        assertThat(run("refused")).doesNotExist();
    }
}
