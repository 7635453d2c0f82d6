package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Sequences;
import java.util.List;
import java.util.Optional;

/**
 * Chooses experts for tokens. Arithmetic is f32 whatever the model's dtype; of experts that are equally good the one with the lower
 * index is taken. What it learns are the weights that make the logits: a strategy has no state but what follows from its settings.
 * Used by one thread at a time.
 */
public interface Router {
    /** The only matrix of most routers. */
    List<String> ONE_MATRIX = List.of("weight");

    /**
     * What a router sees of n tokens.
     *
     * @param logits F32 [n, E] each, as many as the router has {@link #matrices}
     * @param experts E
     * @param bias F32 [E], added to what the choice goes by and never to the weights (DeepSeek-AI 2024, arXiv 2412.19437, section
     *     2.1.2)
     * @param tokens I32 [n], the token ids
     * @param sequences which of the rows belong together
     * @param seed of what is drawn in this pass; the same again when the pass is run again
     * @param training whether noise is wanted
     */
    record Inputs(
            List<Tensor> logits,
            int experts,
            Optional<Tensor> bias,
            Tensor tokens,
            Sequences sequences,
            long seed,
            boolean training) {
        /** The same without a bias: what a gradient needs. */
        public Inputs withoutBias() {
            return new Inputs(logits, experts, Optional.empty(), tokens, sequences, seed, training);
        }

        /** The same with other logits. */
        Inputs withLogits(Tensor others) {
            return new Inputs(List.of(others), experts, bias, tokens, sequences, seed, training);
        }

        /** Number of tokens. */
        public int count() {
            return Math.toIntExact(tokens.count());
        }
    }

    /**
     * Gradients of what a router has made.
     *
     * @param weights F32 [n, K]
     * @param probabilities F32 [s, E]: of each row of the probabilities, the same for all tokens of one of {@code s} runs of n / s
     *     tokens
     * @param load F32 [s, E], alike, of each token's probability to be among those chosen: see {@link #smoothLoad}
     */
    record Gradients(Tensor weights, Tensor probabilities, Optional<Tensor> load) {}

    /** Names of the matrices [E, dim] whose products with the tokens are the logits; those of a router without logits are none. */
    default List<String> matrices() {
        return ONE_MATRIX;
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
     * How many tokens of each of {@code runs} runs would go to an expert on average if the noise were drawn again, [run][expert]: a
     * load that has a gradient. Empty where there is no noise.
     */
    default Optional<double[][]> smoothLoad(Compute compute, Inputs inputs, int runs) {
        return Optional.empty();
    }

    /**
     * Sets {@code dLogits}, as many as there are logits, F32 [n, E] each.
     *
     * @param selection as {@link #choose} and {@link #weigh} have set it; the experts may be others than were chosen
     */
    void gradient(Compute compute, Inputs inputs, Selection selection, Gradients gradients, List<Tensor> dLogits);
}
