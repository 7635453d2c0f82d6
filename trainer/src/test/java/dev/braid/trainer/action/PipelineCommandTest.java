package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.Bits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on a config with a pipeline. */
class PipelineCommandTest {
    /** 1F1B with two micro-batches, from a file. */
    private static final String SCHEDULE = """
            name: mine
            ranks: 2
            microbatches: 2
            placement: 0 1
            settles: yes
            rank 0: 0F0 0F1 0B0 0B1
            rank 1: 1F0 1B0 1F1 1B1
            """;

    @TempDir
    private Path folder;

    private TinyExperiment tiny;

    @BeforeEach
    void prepare() throws IOException {
        tiny = new TinyExperiment(folder);
    }

    private Commands.Outcome run(String command, String... overrides) {
        List<Object> arguments = new ArrayList<>(List.of(command, tiny.config()));
        for (String override : overrides) {
            arguments.addAll(List.of("-s", override));
        }
        return Commands.run(arguments.toArray());
    }

    private Commands.Outcome train(String name, String... overrides) {
        List<String> all = new ArrayList<>(List.of("output=" + tiny.run(name), "precision.compute=f32"));
        all.addAll(List.of(overrides));
        return run("train", all.toArray(String[]::new));
    }

    @Test
    void shouldTrainByAScheduleInAFileAndDrawATracedStep() throws IOException {
        Path schedule = Files.writeString(folder.resolve("mine.txt"), SCHEDULE);
        Commands.Outcome alone = train("alone");
        assertThat(alone.exit()).as(alone.err()).isZero();

        Commands.Outcome piped =
                train("piped", "parallel.pipeline=2", "pipeline.schedule=" + schedule, "train.trace=3");

        assertThat(piped.exit()).as(piped.err()).isZero();
        assertThat(piped.out()).contains("sample:", "tiny: complete");
        assertThat(tiny.losses("piped")).hasSize(10).isEqualTo(tiny.losses("alone"));
        Bits.assertSame(tiny.tensors("piped"), tiny.tensors("alone"));
        assertThat(Files.readString(tiny.run("piped").resolve("report.html")))
                .contains("mine, simulated and measured, in seconds");
        Commands.Outcome sample = Commands.run("sample", tiny.run("piped"), "--prompt", "line", "--tokens", 3);
        assertThat(sample.exit()).as(sample.err()).isZero();
    }

    @Test
    void shouldSayWhatIsWrongWithAScheduleInAFile() throws IOException {
        Path wrong =
                Files.writeString(folder.resolve("wrong.txt"), SCHEDULE.replace("1F0 1B0 1F1 1B1", "1F0 1F1 1B1 1B0"));
        Commands.Outcome outcome = train("wrong", "parallel.pipeline=2", "pipeline.schedule=" + wrong);
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.err()).contains("pipeline.schedule: " + wrong + ": rank 1, action 3 (1B0): ");

        Commands.Outcome other =
                train("wrong", "parallel.pipeline=2", "pipeline.schedule=" + wrong, "batch.microbatch=1");
        assertThat(other.exit()).isEqualTo(2);
        assertThat(other.err())
                .contains(
                        "it has 2 micro-batches, but a data rank has 4 (batch.sequences / data ranks / batch.microbatch)");

        Commands.Outcome missing = train("wrong", "parallel.pipeline=2", "pipeline.schedule=no/where.txt");
        assertThat(missing.exit()).isEqualTo(2);
        assertThat(missing.err())
                .contains(
                        "pipeline.schedule: no/where.txt is not there; braid schedule --save writes one to start from");
    }

    @Test
    void shouldShowACompleteRunWhoseScheduleFileIsGone() throws IOException {
        Path schedule = Files.writeString(folder.resolve("mine.txt"), SCHEDULE);
        String[] overrides = {"parallel.pipeline=2", "pipeline.schedule=" + schedule, "train.steps=2"};
        Commands.Outcome trained = train("gone", overrides);
        assertThat(trained.exit()).as(trained.err()).isZero();
        Files.delete(schedule);

        Commands.Outcome again = train("gone", overrides);

        assertThat(again.exit()).as(again.err()).isZero();
        assertThat(again.out()).contains("The run is complete: step 2 of 2.");
    }

    @Test
    void shouldMeasureTheBubbleInABenchmark() {
        Commands.Outcome outcome = Commands.run(
                "bench",
                "train",
                tiny.config(),
                "-s",
                "parallel.pipeline=2",
                "-s",
                "batch.microbatch=1",
                "--steps",
                2,
                "--warmup",
                0);
        assertThat(outcome.exit()).as(outcome.err()).isZero();
        assertThat(outcome.out())
                .containsPattern(
                        "pipeline 1f1b: bubble \\d+\\.\\d % measured, \\d+\\.\\d % simulated with the measured times of"
                                + " its actions");
    }
}
