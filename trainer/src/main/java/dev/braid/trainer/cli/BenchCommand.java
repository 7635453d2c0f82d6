package dev.braid.trainer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code braid bench}: its commands. */
@CommandLine.Command(name = "bench", description = "Measure speed.", synopsisSubcommandLabel = "COMMAND")
final class BenchCommand extends Group {
    @CommandLine.Command(
            name = "train",
            description =
                    "Measure training steps on random tokens: median tokens/s, model FLOP/s, share of the matmul peak.",
            footer = {
                "",
                "Example:",
                "  braid bench train examples/bench-llama-32m.yaml -s precision.compute=f32 --profile",
                "",
                "Ends with: tokens/s=... step_ms=... model_gflops=... matmul_peak_gflops=... share=..."
            })
    static final class Train extends ConfigCommand {
        private final Actions actions;

        @Option(
                names = "--steps",
                paramLabel = "N",
                defaultValue = "10",
                description = "Steps to measure, after a warm-up. Default: ${DEFAULT-VALUE}.")
        private int steps;

        @Option(
                names = "--warmup",
                paramLabel = "SECONDS",
                defaultValue = "10",
                description =
                        "How long to warm up at least, for the JIT compiler to settle. Default: ${DEFAULT-VALUE}.")
        private int warmUp;

        @Option(names = "--profile", description = "Print where the time goes, by operation.")
        private boolean profile;

        @Option(
                names = "--timeline",
                paramLabel = "FILE",
                description = "Run one more step and write what every rank does in it to FILE, for ui.perfetto.dev.")
        private Path timeline;

        Train(Actions actions) {
            this.actions = actions;
        }

        @Override
        void execute() throws IOException, InterruptedException {
            require(steps >= 1, "--steps is " + steps + ", must be at least 1");
            require(warmUp >= 0, "--warmup is " + warmUp + ", must be 0 or more seconds");
            actions.benchTrain(new Actions.Bench(
                    experiment(), steps, Duration.ofSeconds(warmUp), profile, Optional.ofNullable(timeline), json()));
        }
    }
}
