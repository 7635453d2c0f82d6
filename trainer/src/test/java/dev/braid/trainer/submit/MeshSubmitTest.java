package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Four ranks in four executor JVMs train as one rank in one JVM does. */
@Tag("submit")
class MeshSubmitTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);

    @TempDir
    private static Path folder;

    private static MeshExperiment mesh;

    @BeforeAll
    static void trainOnOneRank() throws IOException {
        mesh = new MeshExperiment(folder, 20);
        mesh.trainHere("alone", "shard: 1", 1);
    }

    @Test
    void shouldTrainTwoReplicasOfTwoShardsInFourExecutors() throws Exception {
        assertTrains("replicas", "replicate: 2, shard: 2");
    }

    @Test
    void shouldTrainTwoShardsOfTwoTensorRanksInFourExecutors() throws Exception {
        assertTrains("tensors", "shard: 2, tensor: 2");
    }

    private static void assertTrains(String run, String layout) throws Exception {
        SubmittedSpark spark =
                new SubmittedSpark("mesh-" + run).on("local-cluster[4,1,3072]").forSeconds();
        SubmittedSpark.Outcome outcome = spark.braid(DEADLINE, mesh.train(run, layout));

        assertThat(outcome.exit())
                .as("%s%n%s%n%s", outcome.output(), outcome.errors(), spark.executorLogs())
                .isZero();
        assertThat(outcome.output()).contains("sample:", "tiny: complete");
        assertThat(outcome.errors()).contains("saved " + mesh.checkpoints(run).resolve("step-20"));
        mesh.assertClose(run, "alone");
    }
}
