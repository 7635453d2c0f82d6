package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@CommandLine.Command(
        name = "export",
        description =
                "Write a model for other programs: weights, config and tokenizer. Then load them and compare the logits.",
        footer = {"", "Example:", "  braid export runs/quickstart --to hf --out quickstart-hf"})
final class ExportCommand extends Command {
    private final Actions actions;

    @Parameters(paramLabel = "CKPT", description = "A checkpoint, or a run, whose newest checkpoint is meant.")
    private Path checkpoint;

    @Option(
            names = "--to",
            paramLabel = "FORMAT",
            required = true,
            description = "hf: a folder that Hugging Face loads.")
    private String format;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The folder to write.")
    private Path out;

    ExportCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        require(!format.equals("gguf"), "--to gguf: this version does not write GGUF yet; write --to hf");
        require(format.equals("hf"), "--to is '" + format + "'; allowed is hf");
        actions.exportModel(new Actions.Export(checkpoint, out, json()));
    }
}
