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
     * Moves the bias, or the part of it that a rank holds.
     *
     * @param bias F32, of the experts from {@code first} on
     * @param counts tokens that chose each of all experts, over all data ranks and micro-batches of the step
     * @throws IllegalArgumentException when there are fewer counts than experts
     */
    public void update(Tensor bias, int first, long[] counts) {
        if (first < 0 || first + bias.count() > counts.length) {
            throw new IllegalArgumentException("the bias is of experts " + first + " to " + (first + bias.count() - 1)
                    + ", the counts are of " + counts.length);
        }
        long sum = Arrays.stream(counts).sum();
        for (int e = 0; e < bias.count(); e++) {
            // In whole numbers, so that an expert with exactly the mean is left alone.
            int direction = Long.compare(sum, counts[first + e] * counts.length);
            bias.set(e, (float) (bias.get(e) + rate * direction));
        }
    }
}
