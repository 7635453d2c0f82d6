package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.Arrays;
import java.util.List;

/**
 * The {@code slots} experts with the largest {@code s + bias}, {@code s = sigmoid(logits)}, within the {@code groupsKept} best of
 * {@code groups} groups of experts, a group being as good as its two best experts together; weighted by {@code s}, or by s over the sum
 * of those taken ({@code renormalise}), times {@code scale} (DeepSeek-AI 2024, arXiv 2412.19437, sections 2.1.2 and 4.2). Groups that are
 * equally good go by their index. The probabilities are {@code s / sum of s}, as the sequence-wise balance loss has them.
 *
 * @param groups divide the experts
 */
public record SigmoidRouter(int slots, boolean renormalise, float scale, int groups, int groupsKept) implements Router {
    /** Experts by which a group is judged. */
    private static final int JUDGED = 2;
    /** Keeps probabilities finite where every s has underflowed; lost in any other sum. */
    private static final double SMALLEST_SUM = 1e-20;

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
            Groups limit = new Groups(experts, groups, groupsKept);
            float[] gates = new float[experts];
            float[] scores = new float[experts];
            int[] chosen = new int[slots];
            for (int row = from; row < to; row++) {
                double sum = gates(TopK.row(logits, row, experts), gates);
                for (int e = 0; e < experts; e++) {
                    Addresses.setFloat(rows.probabilities(row), e, (float) (gates[e] / sum));
                }
                rows.biased(gates, scores);
                limit.apply(scores);
                TopK.choose(scores, chosen);
                rows.setExperts(row, chosen);
            }
        });
    }

    /** Sets {@code gates} to s; returns their sum. */
    private static double gates(long logits, float[] gates) {
        double sum = SMALLEST_SUM;
        for (int e = 0; e < gates.length; e++) {
            gates[e] = (float) (1 / (1 + Math.exp(-Addresses.getFloat(logits, e))));
            sum += gates[e];
        }
        return sum;
    }

    /** The limit to the best groups; scratch of one task. */
    private static final class Groups {
        private final int size;
        private final float[] scores;
        private final int[] kept;
        private final boolean[] keeps;

        Groups(int experts, int groups, int groupsKept) {
            size = experts / groups;
            scores = new float[groups];
            kept = new int[groupsKept];
            keeps = new boolean[groups];
        }

        /** Sets the scores of experts outside of the best groups to negative infinity. */
        void apply(float[] experts) {
            if (kept.length == scores.length) {
                return;
            }
            for (int group = 0; group < scores.length; group++) {
                scores[group] = judge(experts, group * size);
            }
            TopK.choose(scores, kept);
            Arrays.fill(keeps, false);
            for (int group : kept) {
                keeps[group] = true;
            }
            for (int e = 0; e < experts.length; e++) {
                if (!keeps[e / size]) {
                    experts[e] = Float.NEGATIVE_INFINITY;
                }
            }
        }

        private float judge(float[] experts, int first) {
            if (size < JUDGED) {
                return experts[first];
            }
            float best = Float.NEGATIVE_INFINITY;
            float second = Float.NEGATIVE_INFINITY;
            for (int e = first; e < first + size; e++) {
                if (experts[e] > best) {
                    second = best;
                    best = experts[e];
                } else if (experts[e] > second) {
                    second = experts[e];
                }
            }
            return best + second;
        }
    }

    @Override
    public void weigh(Compute compute, Inputs inputs, Selection selection) {
        int experts = inputs.experts();
        long logits = inputs.logits().getFirst().address();
        Weighting weighting = new Weighting(renormalise, scale);
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            float[] gates = new float[experts];
            for (int row = from; row < to; row++) {
                gates(TopK.row(logits, row, experts), gates);
                weighting.weigh(gates, rows.experts(row), rows.weights(row), slots);
            }
        });
    }

    @Override
    public void gradient(
            Compute compute, Inputs inputs, Selection selection, Gradients gradients, List<Tensor> dLogits) {
        int experts = inputs.experts();
        long logits = inputs.logits().getFirst().address();
        Weighting weighting = new Weighting(renormalise, scale);
        TopK.Rows rows = TopK.rows(inputs, selection);
        RunRows runs = RunRows.of(gradients.probabilities(), inputs.count());
        long dWeightsAt = gradients.weights().address();
        long dLogitsAt = dLogits.getFirst().address();
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            float[] gates = new float[experts];
            double[] dGates = new double[experts];
            for (int row = from; row < to; row++) {
                double sum = gates(TopK.row(logits, row, experts), gates);
                throughQuotient(gates, sum, runs.of(row), dGates);
                long dWeights = TopK.row(dWeightsAt, row, slots);
                weighting.addGradient(gates, rows.experts(row), dWeights, slots, dGates);
                long target = TopK.row(dLogitsAt, row, experts);
                for (int e = 0; e < experts; e++) {
                    Addresses.setFloat(target, e, (float) (dGates[e] * gates[e] * (1 - gates[e])));
                }
            }
        });
    }

    /** With p = s / S: ds_e = (dp_e - sum_i p_i dp_i) / S. */
    private static void throughQuotient(float[] gates, double sum, long dProbabilities, double[] dGates) {
        double dot = 0;
        for (int e = 0; e < gates.length; e++) {
            dot += gates[e] / sum * Addresses.getFloat(dProbabilities, e);
        }
        for (int e = 0; e < gates.length; e++) {
            dGates[e] = (Addresses.getFloat(dProbabilities, e) - dot) / sum;
        }
    }
}
