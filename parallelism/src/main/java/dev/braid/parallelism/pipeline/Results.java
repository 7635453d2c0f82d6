package dev.braid.parallelism.pipeline;

import java.util.OptionalInt;

/**
 * What the actions of a step make and need: the output of a forward, and the gradient of a stage's input. Both are numbered, so that
 * a schedule of thousands of actions is followed with arrays.
 *
 * @param stages of the model
 * @param microbatches of the step
 */
record Results(int stages, int microbatches) {
    private static final int[] NOTHING = {};

    static Results of(Schedule schedule) {
        return new Results(schedule.map().stages(), schedule.microbatches());
    }

    /** How many there are. */
    int count() {
        return 2 * stages * microbatches;
    }

    /** Whether the step has such a stage and such a micro-batch. */
    boolean contain(Action action) {
        return action.stage() >= 0
                && action.stage() < stages
                && action.microbatch() >= 0
                && action.microbatch() < microbatches;
    }

    /** The output of a stage's forward. */
    int output(int stage, int microbatch) {
        return stage * microbatches + microbatch;
    }

    /** The gradient of a stage's input. */
    int gradient(int stage, int microbatch) {
        return (stages + stage) * microbatches + microbatch;
    }

    /** What others may wait for; nothing for W. */
    OptionalInt made(Action action) {
        return switch (action.kind()) {
            case F -> OptionalInt.of(output(action.stage(), action.microbatch()));
            case I, B -> OptionalInt.of(gradient(action.stage(), action.microbatch()));
            case W -> OptionalInt.empty();
        };
    }

    /** What must be there before the action can run. */
    int[] needed(Action action) {
        int stage = action.stage();
        int microbatch = action.microbatch();
        return switch (action.kind()) {
            case F -> stage == 0 ? NOTHING : new int[] {output(stage - 1, microbatch)};
            case I, B ->
                stage == stages - 1
                        ? new int[] {output(stage, microbatch)}
                        : new int[] {output(stage, microbatch), gradient(stage + 1, microbatch)};
            case W -> new int[] {gradient(stage, microbatch)};
        };
    }

    /** In words, for a message. */
    String name(int result) {
        int stage = result / microbatches % stages;
        int microbatch = result % microbatches;
        boolean output = result < stages * microbatches;
        return (output ? "the output of stage " : "the gradient from stage ") + stage + " for micro-batch "
                + microbatch;
    }
}
