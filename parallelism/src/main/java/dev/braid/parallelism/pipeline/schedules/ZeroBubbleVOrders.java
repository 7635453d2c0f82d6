package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.List;
import java.util.stream.IntStream;

/**
 * ZB-V by hand where that has no bubble; else what a search makes for the costs. Of unequal stages, which the search is not made for,
 * the shorter of both.
 */
final class ZeroBubbleVOrders {
    private ZeroBubbleVOrders() {}

    /**
     * The order of each rank.
     *
     * @param costs of the stages, two a rank
     */
    static List<List<Slot>> of(int microbatches, StageCosts costs) {
        int ranks = costs.stages().size() / 2;
        List<List<Slot>> byHand = IntStream.range(0, ranks)
                .mapToObj(rank -> ZeroBubbleVOrder.of(rank, ranks, microbatches))
                .toList();
        if (even(costs) && microbatches >= 2 * ranks - 1) {
            return byHand;
        }
        boolean equalStages = costs.stages().stream().distinct().count() == 1;
        return AutomaticOrders.onAV(microbatches, costs)
                .filter(found -> equalStages || span(found, microbatches, costs) < span(byHand, microbatches, costs))
                .orElse(byHand);
    }

    /** Whether all F, I and W take the same time and communication none. */
    private static boolean even(StageCosts costs) {
        double time = costs.stages().getFirst().forward();
        return costs.communication() == 0
                && costs.stages().stream()
                        .allMatch(stage -> stage.forward() == time && stage.input() == time && stage.weight() == time);
    }

    private static double span(List<List<Slot>> orders, int microbatches, StageCosts costs) {
        StageMap map = StageMap.vShaped(orders.size());
        Schedule schedule = new Schedule(ScheduleName.ZB_V.label(), map, microbatches, orders, false);
        return Simulator.run(schedule, costs, Overlap.TOGETHER).span();
    }
}
