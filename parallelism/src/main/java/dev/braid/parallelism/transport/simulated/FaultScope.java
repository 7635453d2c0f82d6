package dev.braid.parallelism.transport.simulated;

/**
 * How large the runs are for which faults are drawn.
 *
 * @param ranks number of ranks
 * @param steps of the network in a good run, as {@link SimulatedNetwork#steps()} counts them
 * @param nanos that a good run takes
 * @param deadlineNanos after which the ranks give a silent one up
 */
public record FaultScope(int ranks, long steps, long nanos, long deadlineNanos) {
    public FaultScope {
        if (ranks < 2 || steps < 1 || nanos < 1) {
            throw new IllegalArgumentException("faults need at least 2 ranks, a step and a nanosecond, got " + ranks
                    + " ranks, " + steps + " steps, " + nanos + " ns");
        }
        if (deadlineNanos < 1_000_000) {
            throw new IllegalArgumentException(
                    "a deadline of " + deadlineNanos + " ns is too short, must be at least 1 ms");
        }
    }
}
