package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.Arrays;
import java.util.List;

/**
 * Experts choose tokens: with {@code S = softmax(logits)} over the experts, each takes the {@code C = capacityFactor n / E} tokens, rounded
 * up, of the largest S in its column, the one before where two are equal; weights are S (Zhou et al. 2022, arXiv 2202.09368, section
 * 3.2). A token gets any number of experts, none included: slot e is expert e or {@link Selection#NONE}.
 *
 * <p>Not causal: whether an expert takes a token depends on all other tokens of the micro-batch, later ones among them.
 *
 * @param capacityFactor experts that a token gets on average
 */
public record ExpertChoiceRouter(double capacityFactor) implements Router {
    private static final Weighting WEIGHTING = new Weighting(false, 1);

    @Override
    public int slots(int experts) {
        return experts;
    }

    @Override
    public double meanExperts(int experts) {
        return Math.min(capacityFactor, experts);
    }

    /** Tokens that an expert takes of {@code tokens}. */
    int capacity(int tokens, int experts) {
        return (int) Math.min(tokens, Math.ceil(capacityFactor * tokens / experts));
    }

    @Override
    public void choose(Compute compute, Inputs inputs, Selection selection) {
        int experts = inputs.experts();
        int tokens = inputs.count();
        long logits = inputs.logits().getFirst().address();
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, tokens, (from, to) -> {
            float[] probabilities = new float[experts];
            for (int row = from; row < to; row++) {
                Softmax.of(TopK.row(logits, row, experts), probabilities, rows.probabilities(row));
            }
        });
        compute.workers().run(experts, expert -> take(expert, capacity(tokens, experts), rows, tokens));
    }

    private static void take(int expert, int capacity, TopK.Rows rows, int tokens) {
        long[] keys = new long[tokens];
        for (int token = 0; token < tokens; token++) {
            float score = Addresses.getFloat(rows.probabilities(token), expert);
            keys[token] = Ranking.key(score, token);
            Addresses.setInt(rows.experts(token), expert, Selection.NONE);
        }
        Arrays.sort(keys);
        for (int i = 0; i < capacity; i++) {
            Addresses.setInt(rows.experts(Ranking.index(keys[i])), expert, expert);
        }
    }

    @Override
    public void weigh(Compute compute, Inputs inputs, Selection selection) {
        SoftmaxRouter.weigh(compute, inputs, selection, WEIGHTING);
    }

    @Override
    public void gradient(
            Compute compute, Inputs inputs, Selection selection, Gradients gradients, List<Tensor> dLogits) {
        SoftmaxRouter.gradient(compute, inputs, selection, gradients, WEIGHTING, dLogits.getFirst());
    }
}
