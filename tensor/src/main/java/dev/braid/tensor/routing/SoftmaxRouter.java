package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/**
 * The {@code slots} most likely experts of {@code p = softmax(logits)}, weighted by p, or by p over the sum of those taken
 * ({@code renormalise}), times {@code scale} (Shazeer et al. 2017, arXiv 1701.06538, section 2.1; Fedus et al. 2021, arXiv
 * 2101.03961). A bias takes part in the choice only. About 10 operations an expert and token.
 */
public record SoftmaxRouter(int slots, boolean renormalise, float scale) implements Router {
    @Override
    public int slots(int experts) {
        return slots;
    }

    @Override
    public double meanExperts(int experts) {
        return slots;
    }

    @Override
    public void choose(Compute compute, Inputs inputs, Selection selection) {
        int experts = inputs.experts();
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            float[] scores = new float[experts];
            for (int row = from; row < to; row++) {
                softmax(rows.logits(row), rows.probabilities(row), experts);
                rows.biased(rows.probabilities(row), scores);
                TopK.choose(scores, slots, rows.experts(row));
            }
        });
    }

    @Override
    public void weigh(Compute compute, Inputs inputs, Selection selection) {
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            for (int row = from; row < to; row++) {
                weigh(rows.experts(row), rows.probabilities(row), rows.weights(row));
            }
        });
    }

    static void softmax(long logits, long probabilities, int experts) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int e = 0; e < experts; e++) {
            largest = Math.max(largest, Addresses.getFloat(logits, e));
        }
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            sum += Math.exp(Addresses.getFloat(logits, e) - largest);
        }
        for (int e = 0; e < experts; e++) {
            Addresses.setFloat(probabilities, e, (float) (Math.exp(Addresses.getFloat(logits, e) - largest) / sum));
        }
    }

    private void weigh(long experts, long probabilities, long weights) {
        float sum = 1;
        if (renormalise) {
            sum = 0;
            for (int k = 0; k < slots; k++) {
                sum += Addresses.getFloat(probabilities, Addresses.getInt(experts, k));
            }
        }
        for (int k = 0; k < slots; k++) {
            float probability = Addresses.getFloat(probabilities, Addresses.getInt(experts, k));
            Addresses.setFloat(weights, k, probability / sum * scale);
        }
    }

    @Override
    public void gradient(
            Compute compute,
            Inputs inputs,
            Selection selection,
            Tensor dWeights,
            Tensor dProbabilities,
            Tensor dLogits) {
        int experts = inputs.experts();
        int run = inputs.count() / Math.toIntExact(dProbabilities.shape().rows());
        TopK.Rows rows = TopK.rows(inputs, selection);
        long dWeightsAt = dWeights.address();
        long dProbabilitiesAt = dProbabilities.address();
        long dLogitsAt = dLogits.address();
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            double[] dp = new double[experts];
            for (int row = from; row < to; row++) {
                long auxiliary = dProbabilitiesAt + (long) (row / run) * experts * Float.BYTES;
                for (int e = 0; e < experts; e++) {
                    dp[e] = Addresses.getFloat(auxiliary, e);
                }
                addWeightGradient(
                        rows.experts(row), rows.probabilities(row), dWeightsAt + (long) row * slots * Float.BYTES, dp);
                throughSoftmax(rows.probabilities(row), dp, dLogitsAt + (long) row * experts * Float.BYTES, experts);
            }
        });
    }

    /** With w = p / S: dp_j = (dw_j - sum_k w_k dw_k) / S. */
    private void addWeightGradient(long experts, long probabilities, long dWeights, double[] dp) {
        double sum = 0;
        double dot = 0;
        for (int k = 0; k < slots; k++) {
            double probability = Addresses.getFloat(probabilities, Addresses.getInt(experts, k));
            sum += probability;
            dot += probability * Addresses.getFloat(dWeights, k);
        }
        for (int k = 0; k < slots; k++) {
            double gradient = Addresses.getFloat(dWeights, k);
            double passed = renormalise ? (gradient - dot / sum) / sum : gradient;
            dp[Addresses.getInt(experts, k)] += passed * scale;
        }
    }

    /** dlogit_e = p_e (dp_e - sum_i p_i dp_i). */
    static void throughSoftmax(long probabilities, double[] dp, long dLogits, int experts) {
        double dot = 0;
        for (int e = 0; e < experts; e++) {
            dot += Addresses.getFloat(probabilities, e) * dp[e];
        }
        for (int e = 0; e < experts; e++) {
            Addresses.setFloat(dLogits, e, (float) (Addresses.getFloat(probabilities, e) * (dp[e] - dot)));
        }
    }
}
