package dev.braid.trainer.cli;

import java.io.IOException;
import picocli.CommandLine;

@CommandLine.Command(
        name = "train",
        description = "Train a model: prepare the data that is missing, train, save. The same line again resumes.",
        footer = {
            "",
            "Example:",
            "  braid train examples/quickstart.yaml",
            "  braid train examples/quickstart.yaml -s train.steps=600 -s output=runs/longer",
            "",
            "Ctrl-C saves a checkpoint and ends. The folder of the run has metrics.jsonl and report.html."
        })
final class TrainCommand extends SparkCommand {
    private final Actions actions;

    TrainCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        actions.train(new Actions.Train(experiment(), master(), json()));
    }
}
