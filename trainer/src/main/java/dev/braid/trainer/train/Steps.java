package dev.braid.trainer.train;

import java.util.List;

/** How optimizer steps follow each other. All ranks make the same calls. Used by the rank's thread. */
interface Steps {
    /**
     * Trains on one step's micro-batches.
     *
     * @param step from 0
     * @param stop whether this rank wishes to end the run
     * @return the steps whose results are certain now and were not before, in order
     */
    List<SettledStep> advance(int step, Microbatches microbatches, boolean stop);

    /** Makes everything certain that has been trained. */
    List<SettledStep> settle();
}
