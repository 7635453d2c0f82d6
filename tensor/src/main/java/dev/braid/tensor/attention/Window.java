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

    /** Keys that the query at {@code position} sees, when there are keys at all positions from 0. */
    public long visible(long position) {
        long recent = Math.min(position + 1, length);
        return recent + Math.min(sinks, position + 1 - recent);
    }
}
