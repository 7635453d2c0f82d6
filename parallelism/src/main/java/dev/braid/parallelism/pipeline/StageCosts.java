package dev.braid.parallelism.pipeline;

import java.util.Collections;
import java.util.List;

/**
 * What the actions of each stage cost, in any unit of time and of memory.
 *
 * @param stages of the model in order
 * @param communication time from the end of an action on one rank to the start of one on another that needs its result
 */
public record StageCosts(List<Stage> stages, double communication) {
    /**
     * One stage, one micro-batch.
     *
     * @param forward time of F
     * @param input time of I
     * @param weight time of W; B takes as long as I and W
     * @param activations memory held from F to I
     * @param kept what of it, or of the gradients that I makes, is held from I to W
     */
    public record Stage(double forward, double input, double weight, double activations, double kept) {}

    public StageCosts {
        stages = List.copyOf(stages);
    }

    /** Equal stages, each {@code 1 / chunks} of the given times and of one unit of memory. */
    public static StageCosts equal(
            int stages, int chunks, double forward, double input, double weight, double communication) {
        Stage stage = new Stage(forward / chunks, input / chunks, weight / chunks, 1.0 / chunks, 1.0 / chunks);
        return new StageCosts(Collections.nCopies(stages, stage), communication);
    }

    /** Time of one action. */
    public double time(Action action) {
        Stage stage = stages.get(action.stage());
        return switch (action.kind()) {
            case F -> stage.forward();
            case I -> stage.input();
            case W -> stage.weight();
            case B -> stage.input() + stage.weight();
        };
    }
}
