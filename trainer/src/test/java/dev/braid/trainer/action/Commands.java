package dev.braid.trainer.action;

import dev.braid.trainer.cli.CommandTree;
import dev.braid.trainer.cli.Console;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Runs command lines of {@code braid} in this JVM. */
public final class Commands {
    /**
     * What a command did.
     *
     * @param exit its exit code
     * @param out its standard output
     * @param err its standard error
     */
    public record Outcome(int exit, String out, String err) {}

    private Commands() {}

    /** Runs {@code braid ARGUMENTS} to its end. */
    public static Outcome run(Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        int exit = new CommandTree(console, new BraidActions(console)).run(words);
        return new Outcome(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
