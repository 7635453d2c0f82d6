package dev.braid.models;

import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * What the gradients of a micro-batch's sums of losses are multiplied with.
 *
 * @param main of the next token: one over the tokens of the step
 * @param modules of the tokens further ahead, one for each module of multi-token prediction
 */
public record LossScales(float main, List<Float> modules) {
    public LossScales {
        modules = List.copyOf(modules);
    }

    /**
     * Those with which the gradient, times {@code tokens / valid.main}, is that of {@code mean main loss + weight / D sum_k (mean
     * loss of module k)}, where each mean is over the valid tokens of its own. A module without any adds nothing.
     *
     * @param tokens of the step, over all ranks
     * @param valid of them by loss: the main one first, then the modules'
     */
    public static LossScales of(ModelConfig model, long tokens, List<Long> valid) {
        List<Float> modules = new ArrayList<>();
        int depth = model.predictionDepth();
        for (int k = 1; k <= depth; k++) {
            double share = model.predictionWeight() / depth * valid.getFirst();
            modules.add(valid.get(k) == 0 ? 0 : (float) (share / ((double) valid.get(k) * tokens)));
        }
        return new LossScales(1f / tokens, modules);
    }

    /** Those of a micro-batch that is all there is: {@code main} times those of {@link #of} by one over its valid tokens. */
    static LossScales alone(ModelConfig model, Batch batch, float main) {
        List<Float> modules = new ArrayList<>();
        int depth = model.predictionDepth();
        long valid = depth == 0 ? 0 : valid(batch.labels());
        for (int k = 1; k <= depth; k++) {
            long own = FutureTokens.valid(batch, k);
            modules.add(own == 0 ? 0 : (float) (main * (model.predictionWeight() / depth) * valid / own));
        }
        return new LossScales(main, modules);
    }

    private static long valid(Tensor labels) {
        return LongStream.range(0, labels.count())
                .filter(i -> labels.getInt(i) != Batch.IGNORED)
                .count();
    }
}
