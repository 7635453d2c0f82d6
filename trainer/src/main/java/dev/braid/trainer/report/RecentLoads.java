package dev.braid.trainer.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** How busy the experts of a layer were in the last steps. One thread. */
final class RecentLoads {
    /** Steps that are looked back on. */
    static final int STEPS = 100;

    private final Deque<RouterRecord> last = new ArrayDeque<>();

    void add(RouterRecord router) {
        last.add(router);
        if (last.size() > STEPS) {
            last.remove();
        }
    }

    /** The mean over the steps of the busiest expert's load over the mean. */
    double maxOverMean() {
        return last.stream().mapToDouble(RouterRecord::maxOverMean).average().orElse(Double.NaN);
    }

    /** The same of the tokens of all these steps together, where steps tell them: without the chance of a single step; else NaN. */
    double maxOverMeanTogether() {
        List<RouterRecord> told =
                last.stream().filter(router -> !router.counts().isEmpty()).toList();
        if (told.isEmpty()) {
            return Double.NaN;
        }
        double[] sums = new double[told.getFirst().counts().size()];
        double all = 0;
        double most = 0;
        for (RouterRecord router : told) {
            for (int e = 0; e < sums.length; e++) {
                sums[e] += router.counts().get(e);
                all += router.counts().get(e);
                most = Math.max(most, sums[e]);
            }
        }
        return all == 0 ? 1 : most * sums.length / all;
    }

    /** The mean part of choices that were dropped; NaN without a capacity. */
    double dropRate() {
        return last.stream()
                .filter(router -> router.dropRate().isPresent())
                .mapToDouble(router -> router.dropRate().getAsDouble())
                .average()
                .orElse(Double.NaN);
    }
}
