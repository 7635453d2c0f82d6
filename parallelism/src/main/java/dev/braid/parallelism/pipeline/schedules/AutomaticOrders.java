package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Orders made for given costs by the greedy searches of arXiv 2401.10241. All variants of a search's rules are tried, and the one
 * whose longest rank, from its first action to its last, is shortest is taken; of equal ones the first.
 */
final class AutomaticOrders {
    private AutomaticOrders() {}

    /**
     * ZB-1p and ZB-2p: the order of each rank, with a stage a rank.
     *
     * @param limit memory of a rank, in the unit of {@code costs}; at least {@link #leastMemory}
     */
    static List<List<Slot>> of(int microbatches, StageCosts costs, double limit) {
        return variants().stream()
                .map(rules -> GreedyPipeline.run(microbatches, costs, limit, rules))
                .min(Comparator.comparingDouble(GreedyPipeline::span))
                .map(GreedyPipeline::orders)
                .orElseThrow();
    }

    /**
     * ZB-V for stages that do not take equal times: the order of each rank, with two stages a rank, in the memory that the order by
     * hand takes for equal stages of the fullest rank's size; empty where the search finds none.
     */
    static Optional<List<List<Slot>>> onAV(int microbatches, StageCosts costs) {
        return variantsOnAV().stream()
                .flatMap(rules -> searchOnAV(microbatches, costs, rules, Double.POSITIVE_INFINITY).stream())
                .min(Comparator.comparingDouble(GreedyVPipeline::span))
                .map(GreedyVPipeline::orders);
    }

    /** An order shorter than {@code span}, made shorter again and again by what each search tells the next about idle ranks. */
    private static Optional<GreedyVPipeline> searchOnAV(
            int microbatches, StageCosts costs, GreedyVPipeline.Rules rules, double span) {
        GreedyVPipeline tried = new GreedyVPipeline(microbatches, costs, memoryOnAV(costs), rules);
        if (!tried.run() || tried.span() >= span) {
            return Optional.empty();
        }
        return searchOnAV(microbatches, costs, rules.after(tried.idle()), tried.span())
                .or(() -> Optional.of(tried));
    }

    private static double memoryOnAV(StageCosts costs) {
        int stages = costs.stages().size();
        return IntStream.range(0, stages / 2)
                .mapToDouble(rank -> costs.stages().get(rank).activations()
                        + costs.stages().get(stages - 1 - rank).activations())
                .map(both -> both * stages / 2)
                .max()
                .orElseThrow();
    }

    private static List<GreedyVPipeline.Rules> variantsOnAV() {
        return Stream.of(true, false)
                .flatMap(input ->
                        Stream.of(true, false).map(forward -> new GreedyVPipeline.Rules(forward, input, List.of())))
                .toList();
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
