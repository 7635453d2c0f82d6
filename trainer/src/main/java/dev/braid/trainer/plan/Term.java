package dev.braid.trainer.plan;

import java.util.Locale;

/** What a rank's memory is for. */
public enum Term {
    /** Master values and the values that operations read, as far as they are there all the time. */
    PARAMETERS,
    /** Gradients of parameters, as far as they are there all the time. */
    GRADIENTS,
    /** First and second moments. */
    OPTIMIZER,
    /** Whole units in flight: gathered values, and gradients on their way to be reduced. */
    UNITS_IN_FLIGHT,
    /** Values and gradients between operations. */
    ACTIVATIONS,
    /** Rows gathered from, or to be summed over, the tensor group. */
    COMMUNICATION,
    /** Scratch inside an operation: packed tiles, a chunk of logits. */
    WORKSPACE;

    /** The word in tables: {@code units in flight}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
