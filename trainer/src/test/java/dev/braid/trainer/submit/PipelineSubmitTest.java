package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline of four ranks in four executor JVMs trains to the bits of one rank in one JVM. */
@Tag("submit")
class PipelineSubmitTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final String LAYERS = "model.layers=7";
    private static final String BATCH = "batch.sequences=8";

    @TempDir
    private static Path folder;

    private static MeshExperiment mesh;

    @BeforeAll
    static void trainOnOneRank() throws IOException {
        mesh = new MeshExperiment(folder, 10);
        mesh.trainHere("alone", "pipeline: 1", 1, LAYERS, BATCH);
        mesh.trainHere("alone-both-ways", "pipeline: 1", 1, LAYERS, BATCH, "pipeline.schedule=dualpipe");
    }

    @Test
    void shouldTrainBy1f1b() throws Exception {
        assertTrains("1f1b", "alone");
    }

    @Test
    void shouldTrainByZbH1() throws Exception {
        assertTrains("zb-h1", "alone");
    }

    @Test
    void shouldTrainByDualPipe() throws Exception {
        assertTrains("dualpipe", "alone-both-ways");
    }

    private static void assertTrains(String schedule, String expected) throws Exception {
        SubmittedSpark spark = new SubmittedSpark("pipeline-" + schedule)
                .on("local-cluster[4,1,3072]")
                .forSeconds();
        SubmittedSpark.Outcome outcome = spark.braid(
                DEADLINE, mesh.train(schedule, "pipeline: 4", LAYERS, BATCH, "pipeline.schedule=" + schedule));

        assertThat(outcome.exit())
                .as("%s%n%s%n%s", outcome.output(), outcome.errors(), spark.executorLogs())
                .isZero();
        assertThat(outcome.output()).contains("sample:", "tiny: complete");
        mesh.assertSame(schedule, expected);
    }
}
