package dev.braid.trainer.plan;

import dev.braid.models.AttentionConfig;
import dev.braid.models.GeGluConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.QkNorm;
import dev.braid.models.SwiGluConfig;

/**
 * Widths of one layer on the first rank of the tensor axis, which has the most where ranks differ.
 *
 * @param dim of the residual stream
 * @param heads query heads
 * @param kvHeads key and value heads
 * @param headSize of each
 * @param hidden inner width of the feed-forward
 * @param headNorm whether query and key heads are normalised
 */
record BlockShape(int dim, int heads, int kvHeads, int headSize, int hidden, boolean headNorm) {
    static BlockShape of(ModelConfig model, ModelConfig.Layer layer, int tensorRanks) {
        AttentionConfig attention = switch (model.mixers().get(layer.mixer())) {
            case AttentionConfig config -> config;
            default -> throw new IllegalArgumentException("not planned");
        };
        int hidden = switch (model.ffns().get(layer.ffn().orElseThrow())) {
            case SwiGluConfig config -> config.hidden();
            case GeGluConfig config -> config.hidden();
            default -> throw new IllegalArgumentException("not planned");
        };
        return new BlockShape(
                model.dim(),
                queryHeads(attention, tensorRanks),
                Math.ceilDiv(attention.keyValueHeads(), tensorRanks),
                attention.headSize(model.dim()),
                Math.ceilDiv(hidden, tensorRanks),
                attention.qkNorm() != QkNorm.NONE);
    }

    /** Query heads stay with their KV head, unless ranks hold copies of it. */
    private static int queryHeads(AttentionConfig attention, int tensorRanks) {
        int groups = attention.keyValueHeads();
        return groups >= tensorRanks
                ? Math.ceilDiv(groups, tensorRanks) * (attention.heads() / groups)
                : attention.heads() / tensorRanks;
    }

    /** Columns of the packed query, key and value heads. */
    long packed() {
        return (heads + 2L * kvHeads) * headSize;
    }

    /** Columns of the mixed heads. */
    long queries() {
        return (long) heads * headSize;
    }
}
