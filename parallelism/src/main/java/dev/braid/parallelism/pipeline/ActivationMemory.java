package dev.braid.parallelism.pipeline;

import java.util.List;

/**
 * What the ranks of a pipeline hold between forward and backward. F takes a stage's activations, B gives them back; I gives back
 * what W does not read, and W the rest (Qi et al. 2023, arXiv 2401.10241, appendix G). Depends on the order alone, not on times.
 */
public final class ActivationMemory {
    private ActivationMemory() {}

    /** Memory held by a rank after each of {@code actions}, in units of {@code costs}. */
    public static double[] after(List<Action> actions, StageCosts costs) {
        double[] held = new double[actions.size()];
        double now = 0;
        for (int i = 0; i < held.length; i++) {
            now += change(actions.get(i), costs);
            held[i] = now;
        }
        return held;
    }

    /** The most that a rank holds while it runs {@code actions}, in units of {@code costs}. */
    public static double peak(List<Action> actions, StageCosts costs) {
        double peak = 0;
        for (double held : after(actions, costs)) {
            peak = Math.max(peak, held);
        }
        return peak;
    }

    private static double change(Action action, StageCosts costs) {
        StageCosts.Stage stage = costs.stages().get(action.stage());
        return switch (action.kind()) {
            case F -> stage.activations();
            case I -> stage.kept() - stage.activations();
            case W -> -stage.kept();
            case B -> -stage.activations();
        };
    }
}
