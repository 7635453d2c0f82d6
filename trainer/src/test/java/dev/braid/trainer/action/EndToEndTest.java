package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.Shape;
import dev.braid.trainer.Bits;
import dev.braid.trainer.action.Commands.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole commands, from YAML to files. */
class EndToEndTest {
    @TempDir
    static Path folder;

    private static TinyExperiment tiny;
    private static Outcome first;

    @BeforeAll
    static void train() throws IOException {
        tiny = new TinyExperiment(folder);
        first = Commands.run("train", tiny.config());
    }

    @Test
    void shouldTrainAndShowWhereThingsAre() throws IOException {
        assertThat(first.exit()).as(first.err()).isZero();
        assertThat(first.err()).contains("step 10/10", "saved", "parameters", "val ");
        assertThat(first.out()).contains("sample:", "tiny: complete", "checkpoints", "report.html");
        List<Double> losses = tiny.losses("tiny");
        assertThat(losses).hasSize(10);
        assertThat(losses.getLast()).isLessThan(losses.getFirst());
        Path run = tiny.run("tiny");
        assertThat(Files.readString(run.resolve("config.yaml"))).contains("weight_decay: 0.1");
        assertThat(Files.readString(run.resolve("report.html"))).startsWith("<!DOCTYPE html>");
        assertThat(Files.readString(run.resolve("metrics.jsonl")))
                .contains(
                        "\"step\":5,",
                        "\"val_loss\":",
                        "\"grad_norm\":",
                        "\"lr\":",
                        "\"tokens_per_second\":",
                        "\"tokens\":");
        assertThat(Checkpoints.in(run.resolve("checkpoints")).steps()).containsExactly(10L, 5L);
        try (var events = Files.list(run.resolve("tensorboard"))) {
            assertThat(events).isNotEmpty();
        }
    }

    @Test
    void shouldSayThatTheRunIsCompleteWhenStartedAgain() {
        Outcome again = Commands.run("train", tiny.config());
        assertThat(again.exit()).isZero();
        assertThat(again.out()).contains("The run is complete: step 10 of 10.");
    }

    @Test
    void shouldContinueBitForBitWhereAShorterRunEnded() throws IOException {
        // The schedule must be that of the whole run, so the first part ends by a rank's failure to find more steps: it
        // is
        // a run of ten steps whose newest checkpoint is removed.
        Outcome whole = Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("cut"));
        assertThat(whole.exit()).as(whole.err()).isZero();
        Map<String, float[]> expected = tiny.tensors("cut");
        Files.delete(tiny.run("cut").resolve("checkpoints/step-10/manifest.json"));
        Outcome resumed = Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("cut"));
        assertThat(resumed.exit()).as(resumed.err()).isZero();
        assertThat(resumed.err()).contains("resuming from");
        assertThat(tiny.losses("cut")).isEqualTo(tiny.losses("tiny"));
        Bits.assertSame(tiny.tensors("cut"), expected);
    }

    @Test
    void shouldRefuseToContinueAnotherModel() {
        Outcome other = Commands.run("train", tiny.config(), "-s", "model.layers=3", "-s", "train.steps=20");
        assertThat(other.exit()).isEqualTo(2);
        assertThat(other.err())
                .contains("are of another model: model.layers was 2, is 3", "Give this run another name or output");
    }

    @Test
    void shouldTellWhatChangedWhenARunIsContinued() {
        Outcome longer =
                Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("longer"), "-s", "train.steps=1");
        assertThat(longer.exit()).as(longer.err()).isEqualTo(2);
        assertThat(longer.err()).contains("schedule.warmup");
        Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("longer"), "-s", "train.steps=2");
        Outcome changed =
                Commands.run("train", tiny.config(), "-s", "output=" + tiny.run("longer"), "-s", "train.steps=3");
        assertThat(changed.exit()).as(changed.err()).isZero();
        assertThat(changed.err()).contains("changed since the run was started: train.steps was 2, is 3");
    }

    @Test
    void shouldWriteTheInitialCheckpointWhenThereAreNoSteps() throws IOException {
        Outcome initial = Commands.run(
                "train",
                tiny.config(),
                "-s",
                "output=" + tiny.run("initial"),
                "-s",
                "train.steps=0",
                "-s",
                "schedule.warmup=0");
        assertThat(initial.exit()).as(initial.err()).isZero();
        assertThat(Checkpoints.in(tiny.run("initial").resolve("checkpoints")).steps())
                .containsExactly(0L);
    }

    @Test
    void shouldExportImportAndScoreTheSame() throws IOException {
        Path hf = folder.resolve("hf");
        Outcome exported = Commands.run("export", tiny.run("tiny"), "--to", "hf", "--out", hf);
        assertThat(exported.exit()).as(exported.err()).isZero();
        assertThat(exported.out()).contains("read again, the logits differ by 0.0");
        assertThat(hf).isDirectoryContaining("glob:**/config.json").isDirectoryContaining("glob:**/tokenizer.json");

        Path imported = folder.resolve("imported");
        assertThat(Commands.run("import", hf, "--out", imported).exit()).isZero();
        Path tokens = folder.resolve("tokens.safetensors");
        long[] ids = new long[2 * 7];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 37) % 257;
        }
        SafetensorsWriter.write(tokens, List.of(Entry.of("input_ids", Shape.of(2, 7), ids)), Map.of());
        float[] before = score(tiny.run("tiny"), tokens, "before");
        float[] after = score(imported, tokens, "after");
        assertThat(after).containsExactly(before);
        assertThat(before).hasSize(2 * 6);
        for (float value : before) {
            assertThat(value).isNegative();
        }
    }

    private static float[] score(Path checkpoint, Path tokens, String name) throws IOException {
        Path out = folder.resolve(name + ".safetensors");
        Outcome scored = Commands.run("score", checkpoint, "--tokens", tokens, "--out", out, "--logits");
        assertThat(scored.exit()).as(scored.err()).isZero();
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertThat(file.tensor("logits").shape()).isEqualTo(Shape.of(2, 7, 257));
            return file.floats("logprobs");
        }
    }

    @Test
    void shouldStartFromTheWeightsOfAnotherRun() throws IOException {
        Outcome started = Commands.run(
                "train",
                tiny.config(),
                "-s",
                "output=" + tiny.run("from"),
                "-s",
                "init.from=" + tiny.run("tiny"),
                "-s",
                "train.steps=2");
        assertThat(started.exit()).as(started.err()).isZero();
        assertThat(started.err()).contains("weights taken from");
        assertThat(tiny.losses("from").getFirst())
                .isLessThan(tiny.losses("tiny").getFirst() - 0.5);
    }

    @Test
    void shouldWriteTextFromTheModel() {
        Outcome sampled = Commands.run("sample", tiny.run("tiny"), "--prompt", "line ", "--tokens", "8");
        assertThat(sampled.exit()).as(sampled.err()).isZero();
        assertThat(sampled.out()).startsWith("line ");
        Outcome again = Commands.run("sample", tiny.run("tiny"), "--prompt", "line ", "--tokens", "8");
        assertThat(again.out()).isEqualTo(sampled.out());
    }

    @Test
    void shouldWriteTheExactFirstBatches() throws IOException {
        Path out = folder.resolve("batches.safetensors");
        Outcome shown = Commands.run("data", "show", tiny.config(), "--steps", "3", "--out", out);
        assertThat(shown.exit()).as(shown.err()).isZero();
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertThat(file.tensor("input_ids").shape()).isEqualTo(Shape.of(3, 4, 32));
            long[] inputs = file.longs("input_ids");
            long[] labels = file.longs("labels");
            for (int t = 0; t + 1 < 32; t++) {
                assertThat(labels[t]).isEqualTo(inputs[t + 1]);
            }
        }
    }

    @Test
    void shouldTraceAStepOfABenchmarkOnAMesh() throws IOException {
        Path file = tiny.run("tiny").resolveSibling("bench-trace.json");
        Outcome bench = Commands.run(
                "bench",
                "train",
                tiny.config(),
                "-s",
                "parallel.shard=2",
                "--steps",
                "1",
                "--warmup",
                "0",
                "--timeline",
                file.toString());
        assertThat(bench.exit()).as(bench.err()).isZero();
        assertThat(bench.out()).contains("trace of a step of the benchmark: " + file);
        assertThat(file).content().contains("\"rank 0: shard 0\"", "\"rank 1: shard 1\"", "\"backward\"");
    }

    @Test
    void shouldEndABenchmarkWithItsFigures() {
        Outcome bench = Commands.run("bench", "train", tiny.config(), "--steps", "3", "--warmup", "0", "--profile");
        assertThat(bench.exit()).as(bench.err()).isZero();
        assertThat(bench.out()).contains("linear.forward", "attention.backward", "adamw");
        assertThat(bench.out().lines().toList().getLast())
                .matches("tokens/s=\\d+ step_ms=\\d+ model_gflops=\\d+ matmul_peak_gflops=\\d+ share=\\d\\.\\d{3}");
    }
}
