package dev.braid.parallelism.pipeline;

import java.util.Optional;

/**
 * What goes from one action to another of a neighbouring stage: the tensors that a stage passes on, or their gradients on the way
 * back.
 *
 * @param forward whether it is the tensors, not their gradients
 * @param stage the earlier one of the two
 * @param microbatch of the pass
 */
record Edge(boolean forward, int stage, int microbatch) {
    /** Most tensors that a stage passes on. */
    static final int MOST_TENSORS = 16;

    /** What {@code action} needs from another stage. */
    static Optional<Edge> into(Action action, int stages) {
        return switch (action.kind()) {
            case F -> at(true, action.stage() - 1, action.microbatch(), stages);
            case I, B -> at(false, action.stage(), action.microbatch(), stages);
            case W -> Optional.empty();
        };
    }

    /** What another stage needs from {@code action}. */
    static Optional<Edge> outOf(Action action, int stages) {
        return switch (action.kind()) {
            case F -> at(true, action.stage(), action.microbatch(), stages);
            case I, B -> at(false, action.stage() - 1, action.microbatch(), stages);
            case W -> Optional.empty();
        };
    }

    private static Optional<Edge> at(boolean forward, int stage, int microbatch, int stages) {
        return stage < 0 || stage >= stages - 1 ? Optional.empty() : Optional.of(new Edge(forward, stage, microbatch));
    }

    /** The stage that it comes from. */
    int source() {
        return forward ? stage : stage + 1;
    }

    /** The stage that it goes to. */
    int target() {
        return forward ? stage + 1 : stage;
    }

    /**
     * The tag of one of its tensors: another one for every edge of a training step, so that it does not matter in which order two
     * ranks come to them. Passes with more micro-batches than a step use tags again, in the order of micro-batches.
     *
     * @param microbatches of a training step
     */
    int tag(int stages, int microbatches, int tensor) {
        int each = (microbatch % microbatches * stages + stage) * 2 + (forward ? 0 : 1);
        return Math.addExact(Math.multiplyExact(each, MOST_TENSORS), tensor);
    }

    @Override
    public String toString() {
        return (forward ? "outputs" : "gradients of outputs") + " of stage " + stage + ", micro-batch " + microbatch;
    }
}
