package dev.braid.trainer;

import dev.braid.trainer.action.BraidActions;
import dev.braid.trainer.cli.CommandTree;
import dev.braid.trainer.cli.Console;

/** The {@code braid} program. Exit codes: 0 done, 1 the run failed, 2 the input was wrong. */
public final class Braid {
    private Braid() {}

    /** Runs the command that {@code arguments} name and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        boolean terminal = System.console() != null && System.console().isTerminal();
        Console console = new Console(System.out, System.err, terminal);
        System.exit(new CommandTree(console, new BraidActions(console)).run(arguments));
    }
}
