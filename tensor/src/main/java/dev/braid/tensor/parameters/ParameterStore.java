package dev.braid.tensor.parameters;

import dev.braid.tensor.Compute;
import dev.braid.tensor.ops.Elementwise;
import java.util.List;

/**
 * Holds the parameters of a model on one rank and knows what of them the other ranks hold. The model says when it uses a unit,
 * the training step when it begins and ends; the store brings values, takes gradients. All ranks make the same calls in the same
 * order. Used by the rank's thread.
 */
public interface ParameterStore {
    /** What this rank holds for the optimizer, in the order of global names. */
    List<Parameter> parameters();

    /** Brings the values of {@code unit} to its weights and waits until they are there. */
    void needValues(Unit unit);

    /** Takes the values back, if the store wants them back between uses. */
    void releaseValues(Unit unit);

    /** Gives the weights of {@code unit} a gradient, zero when nothing has been added in this step. */
    void needGradient(Unit unit);

    /** The unit's gradient of this micro-batch is complete. */
    void gradientComplete(Unit unit);

    /**
     * A step begins: all gradients are zero.
     *
     * @param microbatches how often each unit's gradient will be complete: once a micro-batch; or once in all, where the units are
     *     held open around the micro-batches, several of which may be in flight
     */
    void beginStep(int microbatches);

    /** The next micro-batch of the step begins, or all of them where units are held open. */
    void beginMicrobatch();

    /**
     * The micro-batches that follow are another group: their gradients add up by themselves. Groups are added in order,
     * {@code (g0 + g1) + g2}.
     */
    void nextGroup();

    /** Waits until the gradients of all {@link #parameters} are those of the whole step, over all ranks and uses. */
    void finishGradients();

    /** A pass without backward begins: validation, scoring or sampling. */
    void beginEvaluation();

    /** The values that operations read have changed in {@link #parameters}: makes them known to all ranks. */
    void publish();

    /** The master values have changed: rounds them into the values that operations read and publishes these. */
    default void refresh(Compute compute) {
        for (Parameter parameter : parameters()) {
            if (parameter.hasComputeCopy()) {
                Elementwise.convert(compute, parameter.master(), parameter.compute());
            }
        }
        publish();
    }

    /** Draws every parameter anew: a value depends only on the seed, the parameter's name and the element's index. */
    default void initialize(Compute compute, long seed) {
        for (Parameter parameter : parameters()) {
            FirstValues.draw(compute, parameter, seed);
        }
        refresh(compute);
    }
}
