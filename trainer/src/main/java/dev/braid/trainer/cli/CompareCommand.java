package dev.braid.trainer.cli;

import dev.braid.trainer.report.Curve;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@CommandLine.Command(
        name = "compare",
        description = "Show what runs came to, side by side.",
        footer = {
            "",
            "Example:",
            "  braid compare runs/recall-attention runs/recall-hybrid --svg recall.svg",
            "",
            "Prints a Markdown table. Unless --curve says what, the picture has the accuracy in validation over the steps where a",
            "run has it, else the validation loss, else the training loss."
        })
final class CompareCommand extends Command {
    private final Actions actions;

    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Folders of runs.")
    private List<Path> runs = new ArrayList<>();

    @Option(names = "--svg", paramLabel = "FILE", description = "Write the curves as SVG.")
    private Path svg;

    @Option(
            names = "--curve",
            paramLabel = "NAME",
            description = "What that picture shows: accuracy, validation or training.")
    private String curve;

    @Option(
            names = "--loads",
            paramLabel = "FILE",
            description = "Write the load of the busiest expert over the mean as SVG.")
    private Path loads;

    CompareCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        require(curve == null || svg != null, "--curve is for the picture; name a file for it with --svg");
        require(
                curve == null || Curve.named(curve).isPresent(),
                "--curve is '" + curve + "'; allowed are accuracy (in validation), validation and training (losses)");
        actions.compareRuns(new Actions.Compare(
                runs,
                Optional.ofNullable(svg),
                Optional.ofNullable(curve).flatMap(Curve::named),
                Optional.ofNullable(loads),
                json()));
    }
}
