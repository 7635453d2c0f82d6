package dev.braid.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ExamplesTest {
    private static final Path EXAMPLES = Path.of("../examples");

    static List<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void shouldBindEveryExampleAndReadBackItsResolvedForm(Path file) {
        Experiment experiment = Experiment.read(file, List.of());
        assertThat(experiment.name() + ".yaml").isEqualTo(file.getFileName().toString());
        assertThat(Experiment.parse("config.yaml", experiment.toYaml(), List.of()))
                .isEqualTo(experiment);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void shouldSayInEveryExampleHowToRunIt(Path file) throws IOException {
        assertThat(Files.readString(file))
                .startsWith("# yaml-language-server: $schema=../docs/config.schema.json\n")
                .contains("#   ./braid ", "examples/" + file.getFileName());
    }

    @Test
    void shouldMeasureTheShapeOfThePeerInTheBenchmark() {
        Experiment bench = Experiment.read(EXAMPLES.resolve("bench-llama-32m.yaml"), List.of());
        assertThat(bench.vocabulary()).hasValue(8192);
        assertThat(bench.tokensPerStep()).isEqualTo(4096);
        assertThat(bench.microbatches()).isEqualTo(1);
        assertThat(bench.model().tieEmbeddings()).isFalse();
    }
}
