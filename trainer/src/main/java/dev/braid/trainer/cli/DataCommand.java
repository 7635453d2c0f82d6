package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code braid data}: its commands. */
@CommandLine.Command(
        name = "data",
        description = "Prepare the data of an experiment, or look at it.",
        synopsisSubcommandLabel = "COMMAND")
final class DataCommand extends Group {
    @CommandLine.Command(
            name = "prepare",
            description =
                    "Train the tokenizer if need be and write token shards. Data that is prepared already is reused.",
            footer = {"", "Example:", "  braid data prepare examples/quickstart.yaml"})
    static final class Prepare extends SparkCommand {
        private final Actions actions;

        Prepare(Actions actions) {
            this.actions = actions;
        }

        @Override
        void execute() throws IOException, InterruptedException {
            actions.prepareData(new Actions.Prepare(experiment(), master(), json()));
        }
    }

    @CommandLine.Command(
            name = "show",
            description =
                    "Show the mixture and some samples as text, or write the exact first batches of the training.",
            footer = {
                "",
                "Example:",
                "  braid data show examples/quickstart.yaml",
                "  braid data show examples/quickstart.yaml --steps 50 --out batches.safetensors",
                "",
                "The file has input_ids and labels, i64 [steps, sequences, T]; labels are shifted already, -100 is ignored."
            })
    static final class Show extends SparkCommand {
        private final Actions actions;

        @Option(names = "--steps", paramLabel = "N", description = "Batches to show or write.")
        private Integer steps;

        @Option(names = "--out", paramLabel = "FILE", description = "Write the batches to this safetensors file.")
        private Path out;

        Show(Actions actions) {
            this.actions = actions;
        }

        @Override
        void execute() throws IOException, InterruptedException {
            require(steps == null || steps >= 1, "--steps is " + steps + ", must be at least 1");
            require(out == null || steps != null, "--out writes whole batches; say how many with --steps N");
            actions.showData(new Actions.Show(
                    experiment(),
                    master(),
                    steps == null ? OptionalInt.empty() : OptionalInt.of(steps),
                    Optional.ofNullable(out),
                    json()));
        }
    }
}
