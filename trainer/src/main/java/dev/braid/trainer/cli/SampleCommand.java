package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@CommandLine.Command(
        name = "sample",
        description = "Let the model go on with a text.",
        footer = {"", "Example:", "  braid sample runs/quickstart --prompt 'public static void' --tokens 100"})
final class SampleCommand extends Command {
    private final Actions actions;

    @Parameters(paramLabel = "CKPT", description = "A checkpoint, or a run, whose newest checkpoint is meant.")
    private Path checkpoint;

    @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "The text to go on with.")
    private String prompt;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "200",
            description = "Most tokens to write. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            defaultValue = "0.8",
            description = "How daring: 0 always takes the likeliest token. Default: ${DEFAULT-VALUE}.")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "X",
            defaultValue = "0.95",
            description = "Draw from the likeliest tokens with this probability together. Default: ${DEFAULT-VALUE}.")
    private double topP;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1234",
            description = "The same seed gives the same text. Default: ${DEFAULT-VALUE}.")
    private long seed;

    SampleCommand(Actions actions) {
        this.actions = actions;
    }

    @Override
    void execute() throws IOException, InterruptedException {
        require(tokens >= 1, "--tokens is " + tokens + ", must be at least 1");
        require(
                temperature >= 0 && Double.isFinite(temperature),
                "--temperature is " + temperature + ", must be 0 or more");
        require(topP > 0 && topP <= 1, "--top-p is " + topP + ", must be above 0 and at most 1");
        actions.sample(new Actions.Sample(checkpoint, prompt, tokens, temperature, topP, seed, json()));
    }
}
