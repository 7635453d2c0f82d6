package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
    @TempDir
    private Path folder;

    @Test
    void shouldHaveEachLineInTheFileBeforeTheWriterCloses() throws IOException {
        Path file = folder.resolve("new/metrics.jsonl");
        try (MetricsWriter writer = MetricsWriter.open(file, 0)) {
            writer.write(record(1));
            assertThat(Files.readString(file)).isEqualTo(record(1).toJson() + "\n");
            writer.write(record(2));
            assertThat(MetricsReader.read(file)).containsExactly(record(1), record(2));
        }
    }

    @Test
    void shouldDropTheLinesBehindTheCheckpointWhenItResumes() throws IOException {
        Path file = written(1, 2, 3, 4, 5);
        try (MetricsWriter writer = MetricsWriter.open(file, 3)) {
            assertThat(writer.lastKept()).contains(record(3));
            assertThat(writer.attempt()).isEqualTo(2);
            writer.write(record(4));
        }
        assertThat(MetricsReader.read(file))
                .containsExactly(record(1), record(2), record(3), record(4).withAttempt(2));
        assertThat(names()).containsExactly("metrics.jsonl");
    }

    @Test
    void shouldCountAnAttemptWhoseStepsAreAllDropped() throws IOException {
        Path file = written(1, 2, 3);
        try (MetricsWriter second = MetricsWriter.open(file, 2)) {
            second.write(record(3));
        }
        try (MetricsWriter third = MetricsWriter.open(file, 2)) {
            assertThat(third.attempt()).isEqualTo(3);
        }
    }

    @Test
    void shouldKeepTheFileAsItIsWhenNothingLiesBehindTheCheckpoint() throws IOException {
        Path file = written(1, 2);
        Object identity = Files.getAttribute(file, "unix:ino");
        MetricsWriter.open(file, 2).close();
        assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(identity);
        assertThat(MetricsReader.read(file)).hasSize(2);
    }

    @Test
    void shouldKeepUnknownKeysOfTheLinesItKeeps() throws IOException {
        String line =
                "{\"step\":1,\"loss\":1,\"grad_norm\":1,\"lr\":1,\"tokens_per_second\":1,\"tokens\":1,\"later\":7}\n";
        Path file = Files.writeString(
                folder.resolve("metrics.jsonl"), line + record(2).toJson() + "\n");
        MetricsWriter.open(file, 1).close();
        assertThat(Files.readString(file)).isEqualTo(line);
    }

    @Test
    void shouldStartTheFileAnewWhenNoStepIsKept() throws IOException {
        Path file = written(1, 2, 3);
        try (MetricsWriter writer = MetricsWriter.open(file, 0)) {
            assertThat(writer.lastKept()).isEmpty();
            assertThat(writer.attempt()).isEqualTo(1);
        }
        assertThat(file).isEmptyFile();
    }

    @Test
    void shouldDropATornLastLineAtEveryPlaceItCanTear() throws IOException {
        String whole = record(3).toJson();
        for (int length = 1; length < whole.length(); length++) {
            Path file = written(1, 2);
            Files.writeString(file, whole.substring(0, length), StandardOpenOption.APPEND);
            assertThat(MetricsReader.read(file)).containsExactly(record(1), record(2));
            try (MetricsWriter writer = MetricsWriter.open(file, 10)) {
                writer.write(record(11));
            }
            assertThat(MetricsReader.read(file))
                    .containsExactly(record(1), record(2), record(11).withAttempt(2));
        }
    }

    @Test
    void shouldKeepAWholeLastLineThatLacksOnlyItsLineEnd() throws IOException {
        Path file = written(1);
        Files.writeString(file, record(2).toJson(), StandardOpenOption.APPEND);
        try (MetricsWriter writer = MetricsWriter.open(file, 2)) {
            writer.write(record(3));
        }
        assertThat(MetricsReader.read(file))
                .containsExactly(record(1), record(2), record(3).withAttempt(2));
    }

    @Test
    void shouldNameTheLineWhenOneBeforeTheLastIsWrong() throws IOException {
        Path file = Files.writeString(
                folder.resolve("bad.jsonl"),
                record(1).toJson() + "\nnonsense\n" + record(3).toJson() + "\n");
        assertThatThrownBy(() -> MetricsReader.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ", line 2: not a JSON object")
                .hasMessageEndingWith("restore the file, or move it away to start a new one.");
        assertThatThrownBy(() -> MetricsWriter.open(file, 3)).hasMessageContaining("line 2");
    }

    @Test
    void shouldNameTheLineWhenStepsDoNotAscend() throws IOException {
        Path file = folder.resolve("bad.jsonl");
        Files.writeString(file, record(2).toJson() + "\n" + record(2).toJson() + "\n");
        assertThatThrownBy(() -> MetricsReader.read(file)).hasMessageContaining("line 2: step 2 follows step 2.");
    }

    @Test
    void shouldRefuseAStepThatIsNotLaterThanTheLast() throws IOException {
        try (MetricsWriter writer = MetricsWriter.open(folder.resolve("metrics.jsonl"), 5)) {
            assertThatThrownBy(() -> writer.write(record(5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "step 5 after step 5: metrics are written in ascending order; open the file again to go back");
        }
    }

    private Path written(int... steps) throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsWriter writer = MetricsWriter.open(file, 0)) {
            for (int step : steps) {
                writer.write(record(step));
            }
        }
        return file;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    private static StepRecord record(int step) {
        return StepRecord.of(step, 5.0 / step, 0.1 * step, 1e-3, 1000, 64L * step);
    }
}
