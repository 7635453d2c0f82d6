package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Four ranks on a standalone cluster of two workers, two in each executor, where executors are lost. */
@Tag("submit")
class StandaloneTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final int STEPS = 60;
    private static final String LOST =
            "rank [0-3] on 127.0.0.1 \\(attempt 0\\) failed: it ended without a word: its process was killed, crashed, or"
                    + " lost its network";

    @TempDir
    private static Path folder;

    private static MeshExperiment mesh;
    private static StandaloneCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        mesh = new MeshExperiment(folder, STEPS);
        mesh.trainHere("alone", "shard: 1", 1);
        cluster = new StandaloneCluster(new SubmittedSpark("standalone"), 2, 2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void shouldEndWithTheBitsOfAnUndisturbedRunAlthoughTwoExecutorsWereKilled() throws Exception {
        String layout = "shard: 2, tensor: 2, timeout: 10s";
        mesh.trainHere("here", layout, 4);

        try (Submission once = spark("once")
                .with(conf("spark.stage.maxConsecutiveAttempts", 1))
                .start(mesh.train("lost", layout))) {
            once.awaitLines(mesh.metrics("lost"), 12, DEADLINE);
            Executors.killOne(cluster.worker(0));
            SubmittedSpark.Outcome failed = once.waitFor(DEADLINE);
            assertThat(failed.exit()).as(failed.errors()).isEqualTo(1);
            assertThat(failed.errors())
                    .containsPattern("braid train: " + LOST)
                    .contains("the same command goes on from there");
        }

        try (Submission again = spark("again").start(mesh.train("lost", layout))) {
            again.awaitLines(mesh.metrics("lost"), 32, DEADLINE);
            Executors.killOne(cluster.worker(1));
            SubmittedSpark.Outcome done = again.waitFor(DEADLINE);
            assertThat(done.exit()).as(done.errors()).isZero();
            assertThat(done.errors())
                    .containsPattern("resuming from .*step-\\d+")
                    .containsPattern(LOST + "; starting all ranks again from the newest checkpoint")
                    .containsPattern("going on after step \\d+; ");
        }
        mesh.assertSame("lost", "here");
        mesh.assertClose("lost", "alone");
    }

    @Test
    void shouldTrainTwoReplicasOfTwoShardsInTwoExecutors() throws Exception {
        SubmittedSpark.Outcome outcome =
                spark("replicas").braid(DEADLINE, mesh.train("replicas", "replicate: 2, shard: 2"));

        assertThat(outcome.exit()).as(outcome.errors()).isZero();
        mesh.assertClose("replicas", "alone");
    }

    private static SubmittedSpark spark(String name) throws IOException {
        return new SubmittedSpark("standalone-" + name)
                .on(cluster.url())
                .forSeconds()
                .with(conf("spark.executor.cores", 2))
                .with(conf("spark.task.cpus", 1))
                .with(conf("spark.cores.max", 4))
                .with(conf("spark.executor.memory", "2g"));
    }

    private static String[] conf(String key, Object value) {
        return new String[] {"--conf", key + "=" + value};
    }
}
