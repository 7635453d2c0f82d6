package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@CommandLine.Command(
        name = "import",
        description = "Make a checkpoint of a Hugging Face folder of the llama family.",
        footer = {"", "Example:", "  braid import quickstart-hf --out imported"})
final class ImportCommand extends Command {
    private final Actions actions;

    @Parameters(paramLabel = "HF_DIR", description = "A folder with config.json and safetensors files.")
    private Path folder;

    @Option(names = "--out", paramLabel = "CKPT", required = true, description = "The checkpoint to write.")
    private Path out;

    ImportCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        actions.importModel(new Actions.Import(folder, out, json()));
    }
}
