package dev.braid.trainer.train;

import dev.braid.models.LossScales;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.tensor.trace.Recorder;
import java.util.List;

/**
 * How the micro-batches of a step go through the model, forward and backward. A step is {@link #begin}, perhaps {@link #warmUp},
 * perhaps {@link #discard} and another warm-up, and {@link #finish}. All ranks make the same calls. Used by the rank's thread.
 */
interface Passes {
    /**
     * The next step's micro-batches; nothing runs yet.
     *
     * @param scales on the gradients of the sums of losses
     * @param totals where losses are counted, at the rank that answers for them
     * @param routing of the step, which has begun
     */
    void begin(Microbatches microbatches, LossScales scales, StepTotals totals, StepRouting routing);

    /** Runs what needs no gradient and adds to none; of the step before, gradients may still be in use. */
    void warmUp();

    /** Forgets the warm-up, because the weights that it read were not right. */
    void discard();

    /** Gives back what the step holds, because something else of it has failed. Nothing can be called after, except this again. */
    void abandon();

    /** Runs the rest: afterwards the gradients of this rank's parameters are the sums over all ranks. */
    void finish();

    /**
     * Forward only, the data ranks taking micro-batches in turn.
     *
     * @param all micro-batches of all data ranks, the same at all ranks
     * @param totals as above
     */
    void evaluate(Microbatches all, StepTotals totals);

    /** When the actions of a pipeline ran in the last step; nothing without one. */
    List<MeasuredAction> measured();

    /** Tells {@code listener} of more than the phases from now on; {@link Recorder#NONE} ends that. */
    void record(Recorder listener);
}
