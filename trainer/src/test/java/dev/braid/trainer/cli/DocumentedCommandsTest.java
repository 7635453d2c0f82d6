package dev.braid.trainer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every command line in the documents and examples is one that the program takes. */
class DocumentedCommandsTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern COMMAND = Pattern.compile("\\./braid ([^`\\n#]+)");
    /** Done by the launcher, not by the program. */
    private static final Set<String> LAUNCHER = Set.of("test", "package");

    static List<String> commands() throws IOException {
        List<String> commands = new ArrayList<>();
        List<Path> files =
                new ArrayList<>(List.of(ROOT.resolve("README.md"), ROOT.resolve("cluster-configs/README.md")));
        for (String folder : List.of("docs", "examples")) {
            try (Stream<Path> listed = Files.list(ROOT.resolve(folder))) {
                listed.filter(file -> file.toString().matches(".*\\.(md|yaml)"))
                        .sorted()
                        .forEach(files::add);
            }
        }
        for (Path file : files) {
            Matcher matcher = COMMAND.matcher(Files.readString(file));
            while (matcher.find()) {
                String command = matcher.group(1).strip().replaceAll("\\.$", "");
                // A single word is the command's name in a sentence.
                if (command.contains(" ") && !LAUNCHER.contains(command.split(" ")[0])) {
                    commands.add(command);
                }
            }
        }
        return commands.stream().distinct().toList();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void shouldBeTaken(String command) throws IOException {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        int exit = new CommandTree(console, new DoingNothing()).run(words(command));
        assertThat(exit)
                .as("%s: %s", command, err.toString(StandardCharsets.UTF_8))
                .isZero();
    }

    /** Words as a shell splits them, with names of the reader's own files replaced by ones that exist. */
    private static String[] words(String command) {
        List<String> words = new ArrayList<>();
        Matcher word = Pattern.compile("'([^']*)'|(\\S+)").matcher(command.replaceAll(" > \\S+", ""));
        while (word.find()) {
            String text = word.group(1) != null ? word.group(1) : word.group(2);
            String config = "../examples/quickstart.yaml";
            text = text.equals("CONFIG") || text.equals("my.yaml") || text.equals("experiment.yaml") ? config : text;
            words.add(text.replaceFirst("^examples/", "../examples/"));
        }
        return words.toArray(String[]::new);
    }

    private static final class DoingNothing implements Actions {
        /** So that no command goes on with what another has trained under its own name. */
        @Override
        public void train(Train request) {
            assertThat(request.experiment().output())
                    .isEqualTo("runs/" + request.experiment().name());
        }

        @Override
        public void prepareData(Prepare request) {}

        @Override
        public void showData(Show request) {}

        @Override
        public void exportModel(Export request) {}

        @Override
        public void importModel(Import request) {}

        @Override
        public void score(Score request) {}

        @Override
        public void sample(Sample request) {}

        @Override
        public void benchTrain(Bench request) {}

        @Override
        public void benchComm(BenchComm request) {}

        @Override
        public void plan(Plan request) {}

        @Override
        public void compareRuns(Compare request) {}

        @Override
        public void showSchedule(ShowSchedule request) {}
    }
}
