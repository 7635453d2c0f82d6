package dev.braid.tensor.routing;

import dev.braid.tensor.Tensor;
import java.util.Arrays;

/**
 * How the bias of a choice follows the load, after each step: {@code b_e += rate sign(mean - count_e)} (Wang et al. 2024, arXiv
 * 2408.15664, algorithm 1; DeepSeek-AI 2024, arXiv 2412.19437, section 2.1.2). The counts must be those of the global batch, the same on
 * all ranks. A strategy without state.
 *
 * @param rate of one step
 */
public record BiasRule(double rate) {
    /**
     * Moves the bias.
     *
     * @param bias F32 [E]
     * @param counts tokens that chose each expert, over all data ranks and micro-batches of the step
     * @throws IllegalArgumentException when there are not as many counts as experts
     */
    public void update(Tensor bias, long[] counts) {
        if (bias.count() != counts.length) {
            throw new IllegalArgumentException(
                    "the bias is of " + bias.count() + " experts, the counts are of " + counts.length);
        }
        long sum = Arrays.stream(counts).sum();
        for (int e = 0; e < counts.length; e++) {
            // In whole numbers, so that an expert with exactly the mean is left alone.
            int direction = Long.compare(sum, counts[e] * counts.length);
            bias.set(e, (float) (bias.get(e) + rate * direction));
        }
    }
}
