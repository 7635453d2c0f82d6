package dev.braid.trainer.cli;

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
            "Prints a Markdown table. The picture has the accuracy in validation over the steps where a run has it, else the",
            "validation loss, else the training loss."
        })
final class CompareCommand extends Command {
    private final Actions actions;

    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Folders of runs.")
    private List<Path> runs = new ArrayList<>();

    @Option(names = "--svg", paramLabel = "FILE", description = "Write the curves as SVG.")
    private Path svg;

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
        actions.compareRuns(new Actions.Compare(runs, Optional.ofNullable(svg), Optional.ofNullable(loads), json()));
    }
}
