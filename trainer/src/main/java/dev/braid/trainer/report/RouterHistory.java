package dev.braid.trainer.report;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** What the routers of a run did, step by step. Some 50 bytes a step, and a bounded part for each expert. One thread. */
public final class RouterHistory {
    private final Series worst = new Series();
    private final Series mean = new Series();
    private final Series dropped = new Series();
    private final SortedMap<Integer, LoadGrid> grids = new TreeMap<>();
    private final SortedMap<Integer, RecentLoads> recent = new TreeMap<>();

    /** Adds the next step, which may have no routers. */
    void add(double step, List<RouterRecord> routers) {
        if (routers.isEmpty()) {
            return;
        }
        worst.add(step, RouterRecord.worst(routers).orElseThrow().maxOverMean());
        mean.add(
                step,
                routers.stream()
                        .mapToDouble(RouterRecord::maxOverMean)
                        .average()
                        .orElseThrow());
        RouterRecord.dropRate(routers).ifPresent(rate -> dropped.add(step, rate));
        for (RouterRecord router : routers) {
            recent.computeIfAbsent(router.layer(), layer -> new RecentLoads()).add(router);
            if (!router.counts().isEmpty()) {
                grids.computeIfAbsent(
                                router.layer(),
                                layer -> new LoadGrid(router.counts().size()))
                        .add(router.counts());
            }
        }
    }

    /** Whether any step had a router. */
    boolean isEmpty() {
        return worst.size() == 0;
    }

    /** At each step the busiest expert's load over the mean in the layer where that is largest. */
    Series worst() {
        return worst;
    }

    /** At each step the mean over the layers. */
    Series mean() {
        return mean;
    }

    /** The part of choices that was dropped; nothing without a capacity. */
    Series dropped() {
        return dropped;
    }

    /** How busy experts were, by layer. */
    Map<Integer, LoadGrid> grids() {
        return grids;
    }

    /** The busiest expert's load over the mean, in the mean of the last steps: that of the worst layer; NaN without a router. */
    public double lastWorst() {
        return most(RecentLoads::maxOverMean);
    }

    /** The same in the mean of the layers. */
    public double lastMean() {
        return recent.values().stream()
                .mapToDouble(RecentLoads::maxOverMean)
                .average()
                .orElse(Double.NaN);
    }

    /** That of the worst layer for the tokens of the last steps together. */
    public double lastWorstTogether() {
        return most(RecentLoads::maxOverMeanTogether);
    }

    /** The part of choices that was dropped in the last steps; NaN without a capacity. */
    public double lastDropRate() {
        return recent.values().stream()
                .mapToDouble(RecentLoads::dropRate)
                .filter(rate -> !Double.isNaN(rate))
                .average()
                .orElse(Double.NaN);
    }

    private double most(ToDoubleFunction<RecentLoads> figure) {
        return recent.values().stream().mapToDouble(figure).max().orElse(Double.NaN);
    }
}
