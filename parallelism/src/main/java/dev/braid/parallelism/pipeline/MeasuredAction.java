package dev.braid.parallelism.pipeline;

/**
 * When an action ran.
 *
 * @param startNanos when it had what it needed and began, by {@link System#nanoTime}: waiting for other ranks is not part of it
 * @param endNanos when it was done; what it passes on may still have been travelling
 * @param nanos for which it ran: where the two of a pair have taken turns, both begin and end with the pair, and each has its own part
 *     of the time
 */
public record MeasuredAction(Action action, long startNanos, long endNanos, long nanos) {
    /** One that ran without a break. */
    public MeasuredAction(Action action, long startNanos, long endNanos) {
        this(action, startNanos, endNanos, endNanos - startNanos);
    }

    /** The same by a clock that shows {@code nanos} more. */
    public MeasuredAction shifted(long nanos) {
        return new MeasuredAction(action, startNanos + nanos, endNanos + nanos, this.nanos);
    }
}
