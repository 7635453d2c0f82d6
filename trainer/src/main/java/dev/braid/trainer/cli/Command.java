package dev.braid.trainer.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What all commands share. */
abstract class Command implements Callable<Integer> {
    @Option(names = "--json", description = "Print the result as JSON, for programs.")
    private boolean json;

    @Option(names = "--trace", description = "Show where in the program an error arose.")
    private boolean trace;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    private boolean help;

    final boolean json() {
        return json;
    }

    final boolean trace() {
        return trace;
    }

    @Override
    public final Integer call() throws IOException, InterruptedException {
        execute();
        return CommandLine.ExitCode.OK;
    }

    abstract void execute() throws IOException, InterruptedException;

    /** @throws IllegalArgumentException with {@code message}, unless {@code holds} */
    static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
