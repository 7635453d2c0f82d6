package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/**
 * The sum over tokens of {@code logsumexp(logits)^2}, which keeps logits small (Zoph et al. 2022, arXiv 2202.08906, section 3.3).
 * Sums are f64.
 */
public final class RouterZLoss {
    private RouterZLoss() {}

    /** The sum, in the order of rows. */
    public static double sum(Tensor logits) {
        int experts = Math.toIntExact(logits.shape().columns());
        double sum = 0;
        for (long row = 0; row < logits.shape().rows(); row++) {
            double logSum = logSum(logits.address() + row * experts * Float.BYTES, experts);
            sum += logSum * logSum;
        }
        return sum;
    }

    /** Adds {@code scale} times the gradient to {@code dLogits}; both F32 [n, E]. */
    public static void addGradient(Compute compute, Tensor logits, float scale, Tensor dLogits) {
        int experts = Math.toIntExact(logits.shape().columns());
        int rows = Math.toIntExact(logits.shape().rows());
        long logitsAt = logits.address();
        long gradientAt = dLogits.address();
        TopK.blocks(compute, rows, (first, end) -> {
            for (long row = first; row < end; row++) {
                long from = logitsAt + row * experts * Float.BYTES;
                long to = gradientAt + row * experts * Float.BYTES;
                double logSum = logSum(from, experts);
                for (int e = 0; e < experts; e++) {
                    double probability = Math.exp(Addresses.getFloat(from, e) - logSum);
                    Addresses.setFloat(to, e, (float) (Addresses.getFloat(to, e) + scale * 2 * logSum * probability));
                }
            }
        });
    }

    private static double logSum(long row, int experts) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < experts; e++) {
            largest = Math.max(largest, Addresses.getFloat(row, e));
        }
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            sum += Math.exp(Addresses.getFloat(row, e) - largest);
        }
        return largest + Math.log(sum);
    }
}
