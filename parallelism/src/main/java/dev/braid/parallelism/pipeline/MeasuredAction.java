package dev.braid.parallelism.pipeline;

/**
 * When an action ran.
 *
 * @param startNanos when it had what it needed and began, by {@link System#nanoTime}: waiting for other ranks is not part of it
 * @param endNanos when it was done; what it passes on may still have been travelling
 */
public record MeasuredAction(Action action, long startNanos, long endNanos) {
    /** Length in nanoseconds. */
    public long nanos() {
        return endNanos - startNanos;
    }
}
