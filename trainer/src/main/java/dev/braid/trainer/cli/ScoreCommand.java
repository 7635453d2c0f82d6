package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@CommandLine.Command(
        name = "score",
        description = "Write how likely the model finds given tokens.",
        footer = {
            "",
            "Example:",
            "  braid score runs/quickstart --tokens ids.safetensors --out scores.safetensors --logits",
            "",
            "Reads input_ids [N,T]; writes logprobs f32 [N,T-1], of token t+1 given 0..t, and logits f32 [N,T,V]."
        })
final class ScoreCommand extends Command {
    private final Actions actions;

    @Parameters(paramLabel = "CKPT", description = "A checkpoint, or a run, whose newest checkpoint is meant.")
    private Path checkpoint;

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            required = true,
            description = "A safetensors file with input_ids.")
    private Path tokens;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The safetensors file to write.")
    private Path out;

    @Option(names = "--logits", description = "Write the logits too.")
    private boolean logits;

    ScoreCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        actions.score(new Actions.Score(checkpoint, tokens, out, logits, json()));
    }
}
