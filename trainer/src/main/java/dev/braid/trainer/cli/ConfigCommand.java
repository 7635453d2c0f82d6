package dev.braid.trainer.cli;

import dev.braid.trainer.config.Experiment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that works on an experiment. */
abstract class ConfigCommand extends Command {
    @Parameters(paramLabel = "CONFIG", description = "The experiment, a YAML file. Its keys: braid help config.")
    private Path config;

    @Option(
            names = {"-s", "--set"},
            paramLabel = "KEY=VALUE",
            description =
                    "Set a key of the config, as in -s optimizer.lr=1e-3 or -s data.sources.0.limit=1MB. May be repeated.")
    private List<String> overrides = new ArrayList<>();

    /** @throws dev.braid.config.ConfigException with everything that is wrong with the config */
    final Experiment experiment() {
        return Experiment.read(config, List.copyOf(overrides));
    }

    final Path config() {
        return config;
    }
}
