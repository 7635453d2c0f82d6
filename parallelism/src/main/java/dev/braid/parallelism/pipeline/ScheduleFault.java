package dev.braid.parallelism.pipeline;

/**
 * What is wrong with a schedule.
 *
 * @param rule that is broken
 * @param rank whose order breaks it
 * @param position of the action in {@link Schedule#actions}, from 0; of a missing action, where the rank's order ends
 * @param action that breaks it
 * @param reason in words
 */
public record ScheduleFault(Rule rule, int rank, int position, Action action, String reason) {
    /** What a schedule has to keep to, in the order in which it is checked: each rule presupposes those before it. */
    public enum Rule {
        /** The model has the stage, and the step the micro-batch. */
        KNOWN,
        /** An action is on the rank that has its stage in the direction of its micro-batch. */
        PLACEMENT,
        /** An action comes once, and of B on the one hand and I and W on the other only one. */
        ONCE,
        /** Each stage has for each micro-batch a forward, and both halves of backward. */
        COMPLETE,
        /** What overlaps is of different micro-batches. */
        PAIR,
        /** An action comes after those of its own rank whose results it needs. */
        ORDER,
        /**
         * The gradients of a stage's weights add up in the order of micro-batches, so that every schedule gives the same bits. A
         * loss whose gradients need not wait for a W adds that of the head in forward, so there forwards keep to it too.
         */
        SUMS,
        /** A rank takes from another one in the order in which that one sends. */
        LINK,
        /** Ranks do not come to wait for each other, on links that hold as many results as there are ranks. */
        DEADLOCK,
        /** No rank holds more activations than it may. */
        MEMORY
    }

    /** {@code rank 1, action 5 (1B0): it comes before 1F0, whose result it needs}. */
    @Override
    public String toString() {
        return "rank " + rank + ", action " + position + " (" + action + "): " + reason;
    }
}
