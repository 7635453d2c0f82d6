package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks in executors of their own, started by Spark's own submit. */
@Tag("submit")
class SubmitTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);

    @TempDir
    private Path folder;

    @Test
    void shouldCarryEventsAndResultsFromAnExecutorOfItsOwn() throws Exception {
        List<String> lines = probe("events");

        String driver = lines.get(0).substring("driver ".length());
        String rank = lines.get(1).replaceAll("\\D", "");
        assertThat(rank).isNotEmpty().isNotEqualTo(driver);
        assertThat(lines)
                .containsExactly(
                        "driver " + driver,
                        "event {\"process\":" + rank + "}",
                        "event {\"cores\":2,\"host\":\"127.0.0.1\"}",
                        "results [rank 0 of 1]");
    }

    @Test
    void shouldShowAUserFaultOfAnExecutorWithoutTryingAgain() throws Exception {
        assertThat(probe("fault").subList(1, 3)).containsExactly("retried false", "user fault: model.dim: 7 is odd");
    }

    @Test
    void shouldStartAgainWhenAnExecutorDies() throws Exception {
        assertThat(probe("halt").subList(1, 5))
                .containsExactly(
                        "event {\"attempt\":0}", "retried true", "event {\"attempt\":1}", "results [survived]");
    }

    @Test
    void shouldReachAnExecutorWithARequestToStop() throws Exception {
        assertThat(probe("stop").subList(1, 3)).containsExactly("event \"stop me\"", "results [saved]");
    }

    private List<String> probe(String kind) throws IOException, InterruptedException {
        SubmittedSpark spark = new SubmittedSpark(folder.resolve("spark"));
        SubmittedSpark.Outcome outcome = spark.program(Probe.class.getName(), probeJar(), DEADLINE, kind);
        assertThat(outcome.exit())
                .as("%s%n%s%n%s", outcome.output(), outcome.errors(), spark.executorLogs())
                .isZero();
        return outcome.output().lines().toList();
    }

    /** The classes of this package: a program that someone else submits. */
    private Path probeJar() throws IOException {
        Path classes = Path.of("target/test-classes");
        Path jar = folder.resolve("probe.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(file);
                Stream<Path> found = Files.list(classes.resolve("dev/braid/trainer/submit"))) {
            for (Path path : found.toList()) {
                entries.putNextEntry(new JarEntry(classes.relativize(path).toString()));
                Files.copy(path, entries);
            }
        }
        return jar;
    }
}
