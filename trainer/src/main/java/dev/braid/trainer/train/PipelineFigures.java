package dev.braid.trainer.train;

import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.TimedAction;
import java.util.List;

/**
 * A pipeline's step as it ran, beside the same schedule simulated with the mean times of its actions. Times in seconds.
 *
 * @param measured a median step, with the times at which its actions ran
 * @param simulated the schedule without anything but those actions
 */
public record PipelineFigures(Simulation measured, Simulation simulated) {
    /** Share of the measured step in which the rank with the most work did none. */
    public double bubble() {
        double work = measured.ranks().stream()
                .mapToDouble(PipelineFigures::work)
                .max()
                .orElse(0);
        return (measured.cost() - work) / measured.cost();
    }

    /** The same by simulation. */
    public double simulatedBubble() {
        return simulated.bubbleRate();
    }

    private static double work(List<TimedAction> actions) {
        return actions.stream()
                .mapToDouble(action -> action.end() - action.start())
                .sum();
    }
}
