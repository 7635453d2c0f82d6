package dev.braid.trainer.train;

import dev.braid.parallelism.pipeline.MeasuredStep;
import dev.braid.parallelism.pipeline.Simulation;

/**
 * A pipeline's step as it ran, beside the same schedule simulated with the mean times of its actions. Times in seconds.
 *
 * @param measured a median step
 * @param simulated the schedule without anything but those actions
 */
public record PipelineFigures(MeasuredStep measured, Simulation simulated) {
    /** What a measured step takes, as {@link Simulation#cost} counts it. */
    public static double cost(MeasuredStep step) {
        return step.schedule().settles() ? step.makespan() : step.span();
    }
}
