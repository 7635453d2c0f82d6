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
    void shouldTalkInBothDirectionsWithAnExecutorOfItsOwn() throws Exception {
        List<String> lines = probe("stop");

        String driver = lines.get(0).substring("driver ".length());
        String rank = lines.get(1).replaceAll("\\D", "");
        assertThat(rank).isNotEmpty().isNotEqualTo(driver);
        assertThat(lines)
                .containsExactly(
                        "driver " + driver,
                        "event {\"process\":" + rank + "}",
                        "event {\"cores\":2,\"host\":\"127.0.0.1\"}",
                        "event \"stop me\"",
                        "results [saved by rank 0 of 1]");
    }

    @Test
    void shouldStartAgainWhenAnExecutorDiesButNotAfterAUserFault() throws Exception {
        List<String> lines = probe("die");

        assertThat(lines.subList(1, lines.size()))
                .containsExactly(
                        "starting again: rank 0 on 127.0.0.1 (attempt 0) failed: it ended without a word: its process was"
                                + " killed, crashed, or lost its network",
                        "event {\"attempt\":1}",
                        "giving up: rank 0 on 127.0.0.1 (attempt 1) failed: java.lang.IllegalArgumentException: model.dim:"
                                + " 7 is odd",
                        "user fault: model.dim: 7 is odd");
    }

    @Test
    void shouldNameTheRankThatWasLostInTheMiddleOfASumAndJoinAgainAcrossJvms() throws Exception {
        List<String> lines = probe("together", "local-cluster[2,1,1024]");

        assertThat(lines.subList(1, lines.size()))
                .containsExactly(
                        "starting again: rank 1 on 127.0.0.1 (attempt 0) failed: it ended without a word: its process was"
                                + " killed, crashed, or lost its network",
                        "results [3.0 across JVMs, reach HOST, 3.0 across JVMs, reach HOST]");
    }

    private List<String> probe(String kind) throws IOException, InterruptedException {
        return probe(kind, SubmittedSpark.LOCAL_CLUSTER);
    }

    private List<String> probe(String kind, String master) throws IOException, InterruptedException {
        SubmittedSpark spark = new SubmittedSpark("probe-" + kind).on(master);
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
