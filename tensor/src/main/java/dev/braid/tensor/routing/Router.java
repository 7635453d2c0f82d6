package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Sequences;
import java.util.Optional;

/**
 * Chooses experts for tokens. Arithmetic is f32 whatever the model's dtype; of experts that are equally good the one with the lower
 * index is taken. A strategy without state: what it learns are the weights that make the logits. Used by one thread at a time.
 */
public interface Router {
    /**
     * What a router sees of n tokens.
     *
     * @param logits F32 [n, E]
     * @param bias F32 [E], added to what the choice goes by and never to the weights (DeepSeek-AI 2024, arXiv 2412.19437, section
     *     2.1.2)
     * @param tokens I32 [n], the token ids
     * @param sequences which of the rows belong together
     * @param seed of what is drawn in this pass; the same again when the pass is run again
     * @param training whether noise is wanted
     */
    record Inputs(
            Tensor logits, Optional<Tensor> bias, Tensor tokens, Sequences sequences, long seed, boolean training) {
        /** The same without a bias: what a gradient needs. */
        public Inputs withoutBias() {
            return new Inputs(logits, Optional.empty(), tokens, sequences, seed, training);
        }

        /** Number of tokens. */
        public int count() {
            return Math.toIntExact(logits.shape().rows());
        }

        /** Number of experts. */
        public int experts() {
            return Math.toIntExact(logits.shape().columns());
        }
    }

    /** Columns of a selection among {@code experts}: the most experts that one token goes to. */
    int slots(int experts);

    /** Experts that a token goes to on average, for plans and FLOPs. */
    double meanExperts(int experts);

    /** Sets the experts and the probabilities of {@code selection}. */
    void choose(Compute compute, Inputs inputs, Selection selection);

    /** Sets the weights of {@code selection}, whose experts and probabilities are set. */
    void weigh(Compute compute, Inputs inputs, Selection selection);

    /**
     * Sets {@code dLogits}, F32 [n, E].
     *
     * @param selection as {@link #choose} and {@link #weigh} have set it; the experts may be others than were chosen
     * @param dWeights F32 [n, K]
     * @param dProbabilities F32 [s, E]: the gradient of each row of the probabilities, the same for all tokens of one of {@code s}
     *     runs of n / s tokens
     */
    void gradient(
            Compute compute,
            Inputs inputs,
            Selection selection,
            Tensor dWeights,
            Tensor dProbabilities,
            Tensor dLogits);
}
