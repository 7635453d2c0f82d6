package dev.braid.trainer.cli;

import java.io.PrintStream;

/**
 * Where a command writes.
 *
 * @param out results
 * @param err progress and errors
 * @param terminal whether a person watches {@code err} on a terminal that can redraw a line
 */
public record Console(PrintStream out, PrintStream err, boolean terminal) {}
