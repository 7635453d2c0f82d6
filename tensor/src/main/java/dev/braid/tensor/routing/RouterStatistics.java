package dev.braid.tensor.routing;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/** Sums over what a router has chosen, in f64, for runs of as many tokens each. */
public final class RouterStatistics {
    private final double[][] probabilitySums;
    private final double[][] counts;
    private double entropySum;

    /**
     * Adds up.
     *
     * @param selection all of it set
     * @param runs into which its tokens are divided
     */
    public RouterStatistics(Selection selection, int runs) {
        int tokens = Math.toIntExact(selection.probabilities().shape().rows());
        int experts = Math.toIntExact(selection.probabilities().shape().columns());
        probabilitySums = new double[runs][experts];
        counts = new double[runs][experts];
        for (int run = 0; run < runs; run++) {
            int from = tokens / runs * run;
            addProbabilities(selection.probabilities(), from, from + tokens / runs, probabilitySums[run]);
            count(selection.experts(), from, from + tokens / runs, counts[run]);
        }
    }

    private void addProbabilities(Tensor probabilities, int from, int to, double[] sums) {
        int experts = sums.length;
        for (int token = from; token < to; token++) {
            long row = probabilities.address() + (long) token * experts * Float.BYTES;
            for (int e = 0; e < experts; e++) {
                double probability = Addresses.getFloat(row, e);
                sums[e] += probability;
                entropySum -= probability == 0 ? 0 : probability * Math.log(probability);
            }
        }
    }

    private static void count(Tensor selected, int from, int to, double[] counts) {
        long slots = selected.shape().columns();
        for (long slot = from * slots; slot < to * slots; slot++) {
            int expert = selected.getInt(slot);
            if (expert >= 0) {
                counts[expert]++;
            }
        }
    }

    /** [run][expert]. */
    public double[][] probabilitySums() {
        return probabilitySums;
    }

    /** [run][expert]. */
    public double[][] counts() {
        return counts;
    }

    /** Over all runs. */
    public double[] allProbabilities() {
        double[] all = new double[probabilitySums[0].length];
        for (double[] run : probabilitySums) {
            for (int e = 0; e < all.length; e++) {
                all[e] += run[e];
            }
        }
        return all;
    }

    /** Tokens that chose each expert, over all runs. */
    public long[] allCounts() {
        long[] all = new long[counts[0].length];
        for (double[] run : counts) {
            for (int e = 0; e < all.length; e++) {
                all[e] += (long) run[e];
            }
        }
        return all;
    }

    /** Entropies in nats over all tokens. */
    public double entropySum() {
        return entropySum;
    }
}
