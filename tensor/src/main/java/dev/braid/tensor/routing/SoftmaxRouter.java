package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.List;

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
        long logits = inputs.logits().getFirst().address();
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            float[] probabilities = new float[experts];
            float[] scores = new float[experts];
            int[] chosen = new int[slots];
            for (int row = from; row < to; row++) {
                Softmax.of(TopK.row(logits, row, experts), probabilities, rows.probabilities(row));
                rows.biased(probabilities, scores);
                TopK.choose(scores, chosen);
                rows.setExperts(row, chosen);
            }
        });
    }

    @Override
    public void weigh(Compute compute, Inputs inputs, Selection selection) {
        weigh(compute, inputs, selection, weighting());
    }

    private Weighting weighting() {
        return new Weighting(renormalise, scale);
    }

    /** Weights of experts that were chosen by the probabilities of {@code selection}. */
    static void weigh(Compute compute, Inputs inputs, Selection selection, Weighting weighting) {
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            float[] probabilities = new float[rows.experts()];
            for (int row = from; row < to; row++) {
                rows.readProbabilities(row, probabilities);
                weighting.weigh(probabilities, rows.experts(row), rows.weights(row), rows.slots());
            }
        });
    }

    @Override
    public void gradient(
            Compute compute, Inputs inputs, Selection selection, Gradients gradients, List<Tensor> dLogits) {
        gradient(compute, inputs, selection, gradients, weighting(), dLogits.getFirst());
    }

    /** The gradient of logits whose softmax the probabilities of {@code selection} are. */
    static void gradient(
            Compute compute,
            Inputs inputs,
            Selection selection,
            Gradients gradients,
            Weighting weighting,
            Tensor dLogits) {
        int experts = inputs.experts();
        TopK.Rows rows = TopK.rows(inputs, selection);
        RunRows runs = RunRows.of(gradients.probabilities(), inputs.count());
        long dWeightsAt = gradients.weights().address();
        long dLogitsAt = dLogits.address();
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            float[] probabilities = new float[experts];
            double[] dp = new double[experts];
            for (int row = from; row < to; row++) {
                long shared = runs.of(row);
                for (int e = 0; e < experts; e++) {
                    dp[e] = Addresses.getFloat(shared, e);
                }
                rows.readProbabilities(row, probabilities);
                long dWeights = TopK.row(dWeightsAt, row, rows.slots());
                weighting.addGradient(probabilities, rows.experts(row), dWeights, rows.slots(), dp);
                Softmax.gradient(probabilities, dp, TopK.row(dLogitsAt, row, experts));
            }
        });
    }
}
