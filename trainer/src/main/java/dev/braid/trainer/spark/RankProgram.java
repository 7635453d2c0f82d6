package dev.braid.trainer.spark;

import java.io.Serializable;

/**
 * What every rank of a run does. It is serialised on the driver and runs once a rank and attempt, in the executor's task
 * thread. Whatever it refers to must be serialisable.
 */
@FunctionalInterface
public interface RankProgram extends Serializable {
    /**
     * Runs this rank to its end.
     *
     * @return a short text (a few kilobytes at most) that {@link Coordinator#run} hands back on the driver
     * @throws IllegalArgumentException for what the user did wrong: shown as such and never tried again
     * @throws Exception for any other failure; the stage starts again while {@link CoordinatorLimits#retries} allows
     * @throws InterruptedException when the run was cancelled; a program must let it pass
     */
    String run(RankContext context) throws Exception;

    /** What this rank's process offers (transports, instruction sets ...), told to all ranks at the rendezvous. */
    default String capabilities() {
        return "";
    }
}
