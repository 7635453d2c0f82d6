package dev.braid.trainer.cli;

import dev.braid.config.JsonSchema;
import dev.braid.config.Reference;
import dev.braid.config.Spelling;
import dev.braid.trainer.config.Experiment;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@CommandLine.Command(
        name = "help",
        description = "Explain a command, or the keys of a config.",
        footer = {
            "",
            "Example:",
            "  braid help train",
            "  braid help config",
            "  braid help config optimizer",
            "  braid help config --markdown > docs/config.md",
            "  braid help config --schema > docs/config.schema.json"
        })
final class HelpCommand extends Command {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "WORD",
            arity = "0..*",
            description = "A command, such as train or data show; or config, with a key if you like.")
    private List<String> words = new ArrayList<>();

    @Option(names = "--markdown", description = "With config: the whole reference page.")
    private boolean markdown;

    @Option(names = "--schema", description = "With config: the JSON Schema, for editors.")
    private boolean schema;

    HelpCommand(Console console) {
        this.console = console;
    }

    @Override
    void execute() {
        if (!words.isEmpty() && words.getFirst().equals("config")) {
            config(words.subList(1, words.size()));
            return;
        }
        require(!markdown && !schema, "--markdown and --schema go with: braid help config");
        CommandLine line = spec.parent().commandLine();
        for (String word : words) {
            CommandLine next = line.getSubcommands().get(word);
            require(
                    next != null,
                    unknownCommand(word, List.copyOf(line.getSubcommands().keySet())));
            line = next;
        }
        line.usage(console.out());
    }

    static String unknownCommand(String word, List<String> commands) {
        String hint = Spelling.hint(word, commands);
        return "there is no command '" + word + "'; there are " + String.join(", ", commands)
                + (hint.isEmpty() ? "" : "; " + hint);
    }

    private void config(List<String> keys) {
        if (markdown) {
            console.out().print(referencePage());
        } else if (schema) {
            console.out().print(jsonSchema());
        } else {
            String key = keys.isEmpty() ? "" : keys.getFirst();
            console.out().print(Reference.text(Experiment.class, key).orElseThrow(() -> unknownKey(key)));
        }
    }

    private static IllegalArgumentException unknownKey(String key) {
        String hint = Spelling.hint(key, Reference.keys(Experiment.class));
        return new IllegalArgumentException("there is no key '" + key + "'" + (hint.isEmpty() ? "" : "; " + hint)
                + "; all keys: braid help config");
    }

    /** The page {@code docs/config.md}. */
    static String referencePage() {
        return """
                # The keys of an experiment

                Made from the program by `./braid help config --markdown > docs/config.md`; a test holds the two together.

                `<name>` stands for a name that you choose, `<n>` for a place in a list, counted from 0. Single values follow YAML
                1.2: `1e-3`, `0.001` and `1.0e-3` are numbers, `true` and `false` are truth values, `yes`, `010` and `1_000` are
                refused where a number or truth value belongs. `none` empties a key that may be empty. Anchors, tags and several
                documents in a file are refused. Any key can be set on the command line: `-s optimizer.lr=1e-3`,
                `-s data.sources.0.limit=1MB`.
                """ + Reference.markdown(Experiment.class);
    }

    /** The file {@code docs/config.schema.json}. */
    static String jsonSchema() {
        return JsonSchema.of(Experiment.class, "Braid experiment");
    }
}
