package dev.braid.trainer.bench;

import java.util.Arrays;

/**
 * Times of one operation at one size.
 *
 * @param point what was measured
 * @param medianMicros median over the repeats, as rank 0 saw it
 * @param slowestMicros median over the repeats of the time of the rank that took longest
 * @param repeats measured runs
 */
public record CommResult(CommPlan.Point point, double medianMicros, double slowestMicros, int repeats) {
    /** GB/s (10^9 bytes) by {@link CommOperation#busFactor}; 0 for an operation that moves nothing. */
    public double busBandwidth(int ranks) {
        return point.operation().busFactor(ranks) * point.bytes() / medianMicros / 1e3;
    }

    /** The upper median, as gloo_bench.py takes it. */
    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
