package dev.braid.trainer.cli;

import java.util.Optional;
import picocli.CommandLine.Option;

/** A command that starts Spark for an experiment. */
abstract class SparkCommand extends ConfigCommand {
    @Option(
            names = "--master",
            paramLabel = "MASTER",
            description =
                    "Spark's master, such as local[2] or spark://host:7077. Default: local, with the cores that the ranks"
                            + " need; under spark-submit the master given there.")
    private String master;

    final Optional<String> master() {
        return Optional.ofNullable(master);
    }
}
