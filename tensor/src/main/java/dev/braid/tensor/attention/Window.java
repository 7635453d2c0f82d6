package dev.braid.tensor.attention;

/**
 * Which earlier keys a causal query sees: those of the last {@code length} positions, its own included, and those of the first
 * {@code sinks} positions, which stay visible however far behind they are (StreamingLLM, Xiao et al. 2023, arXiv 2309.17453).
 *
 * @param length positions, at least 1
 * @param sinks positions from 0 on, at least 0
 */
public record Window(long length, int sinks) {
    /** A query sees all keys up to its own. */
    public static final Window ALL = new Window(Long.MAX_VALUE, 0);

    /** Checks that a query sees itself. */
    public Window {
        if (length < 1) {
            throw new IllegalArgumentException(
                    "attention window must be at least 1, for a query sees itself, but is " + length);
        }
        if (sinks < 0) {
            throw new IllegalArgumentException("attention sinks must be at least 0 but are " + sinks);
        }
    }

    /** Whether there are positions that a query no longer sees. */
    public boolean bounded() {
        return length != Long.MAX_VALUE;
    }

    /** Pairs of a query and a key that it sees, in a sequence of {@code tokens}. */
    public double visiblePairs(int tokens) {
        double near = Math.min(tokens, length);
        double beyond = tokens - near;
        double kept = Math.min(sinks, beyond);
        // The first queries see 1, 2, ... keys, the others a whole window, and of the sinks those that have left it.
        return near * (near + 1) / 2 + beyond * near + kept * (kept + 1) / 2 + (beyond - kept) * kept;
    }
}
