package dev.braid.parallelism.transport.simulated;

import java.util.List;

/**
 * How a simulation ended.
 *
 * @param end why it ended
 * @param nanos the simulated time at its end
 * @param polls of all ranks together
 * @param unfinished ranks that live, are not stopped for good, and have not finished
 */
public record SimulationResult(End end, long nanos, long polls, List<Integer> unfinished) {
    /** Why a simulation ended. */
    public enum End {
        /** All ranks that can have finished. */
        FINISHED,
        /** The limit of simulated time was reached. */
        OUT_OF_TIME,
        /** Nothing is under way, and no rank wants to be polled: a deadlock. */
        STUCK
    }

    public SimulationResult {
        unfinished = List.copyOf(unfinished);
    }
}
