package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayList;
import java.util.List;

/**
 * ZB-1p and ZB-2p: one stage a rank, ordered by a greedy search under a memory limit (arXiv 2401.10241, section 3.1). All eight
 * variants of its rules are tried, and the one whose longest rank, from its first action to its last, is shortest is taken; of
 * equal ones the first.
 */
final class AutomaticOrders {
    private AutomaticOrders() {}

    /**
     * The order of each rank.
     *
     * @param limit memory of a rank, in the unit of {@code costs}; at least {@link #leastMemory}
     */
    static List<List<Slot>> of(int microbatches, StageCosts costs, double limit) {
        GreedyPipeline best = null;
        for (GreedyPipeline.Rules rules : variants()) {
            GreedyPipeline tried = new GreedyPipeline(microbatches, costs, limit, rules);
            tried.run();
            if (best == null || tried.span() < best.span()) {
                best = tried;
            }
        }
        return best.orders();
    }

    /** What 1F1B takes on its fullest rank: rank r of p holds p - r micro-batches. */
    static double memoryOfOneForwardOneBackward(StageCosts costs) {
        double most = leastMemory(costs);
        int ranks = costs.stages().size();
        for (int rank = 0; rank < ranks; rank++) {
            most = Math.max(most, (ranks - rank) * costs.stages().get(rank).activations());
        }
        return most;
    }

    /** What one micro-batch takes in the stage that takes most: no order does with less. */
    static double leastMemory(StageCosts costs) {
        return costs.stages().stream()
                .mapToDouble(stage -> Math.max(stage.activations(), stage.kept()))
                .max()
                .orElseThrow();
    }

    private static List<GreedyPipeline.Rules> variants() {
        List<Boolean> choices = List.of(true, false);
        List<GreedyPipeline.Rules> variants = new ArrayList<>();
        for (boolean waits : choices) {
            for (boolean backwardFirst : choices) {
                for (boolean fillsAnyGap : choices) {
                    variants.add(new GreedyPipeline.Rules(waits, backwardFirst, fillsAnyGap));
                }
            }
        }
        return variants;
    }
}
