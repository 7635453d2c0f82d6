package dev.braid.trainer.action;

import dev.braid.checkpoint.huggingface.LlamaShape;
import dev.braid.models.AttentionConfig;
import dev.braid.models.FeedForwardConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.QkNorm;
import dev.braid.models.RopeConfig;
import dev.braid.models.SwiGluConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Braid's model config as the shape that Hugging Face's Llama family knows, and back. */
final class LlamaShapes {
    private LlamaShapes() {}

    /**
     * The shape of a model whose layers are all alike.
     *
     * @throws IllegalArgumentException when no model of the family is like it, with the reason
     */
    static LlamaShape of(ModelConfig config, int vocabulary, OptionalInt endOfText) {
        if (new HashSet<>(config.arrangement()).size() != 1) {
            throw new IllegalArgumentException("no Hugging Face type of the Llama family has layers that differ; the"
                    + " pattern is " + config.pattern());
        }
        if (!config.variations().isEmpty()) {
            throw new IllegalArgumentException(
                    "no Hugging Face type of the Llama family has anything like this model's "
                            + String.join(", ", config.variations()));
        }
        ModelConfig.Layer layer = config.arrangement().getFirst();
        if (!(config.mixers().get(layer.mixer()) instanceof AttentionConfig attention)) {
            throw new IllegalArgumentException(
                    "no Hugging Face type of the Llama family has other mixers than attention");
        }
        FeedForwardConfig ffn = layer.ffn()
                .map(config.ffns()::get)
                .orElseThrow(() -> new IllegalArgumentException(
                        "no Hugging Face type of the Llama family has layers without a feed-forward"));
        if (!(ffn instanceof SwiGluConfig swiGlu)) {
            throw new IllegalArgumentException("no Hugging Face type of the Llama family has a feed-forward other than"
                    + " swiglu; the config has " + ffn);
        }
        RopeConfig rope = attention
                .rope()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no Hugging Face type of the Llama family is without rotary positions (rope: none)"));
        requirePlain(attention, rope);
        return new LlamaShape(
                vocabulary,
                config.dim(),
                config.layers(),
                attention.heads(),
                attention.keyValueHeads(),
                attention.headSize(config.dim()),
                swiGlu.hidden(),
                config.context(),
                rope.base(),
                config.normEps(),
                config.tieEmbeddings(),
                attention.qkvBias(),
                attention.qkNorm() == QkNorm.HEAD,
                endOfText,
                OptionalInt.empty());
    }

    /** The family has none of what the attention layers of hybrids can have. */
    private static void requirePlain(AttentionConfig attention, RopeConfig rope) {
        AttentionConfig plain = new AttentionConfig(
                attention.heads(),
                attention.kvHeads(),
                attention.headSize(),
                Optional.of(new RopeConfig(rope.base())),
                attention.qkvBias(),
                attention.qkNorm() == QkNorm.HEAD);
        if (!attention.equals(plain)) {
            throw new IllegalArgumentException(
                    "no Hugging Face type of the Llama family has attention with output_bias,"
                            + " qk_norm: width, scale, cap, window, gate, rope.fraction or rope.scaling; the config has "
                            + attention);
        }
    }

    /** The config of a model of that shape. */
    static ModelConfig config(LlamaShape shape) {
        Optional<Integer> headSize =
                shape.headSize() * shape.heads() == shape.dim() ? Optional.empty() : Optional.of(shape.headSize());
        AttentionConfig attention = new AttentionConfig(
                shape.heads(),
                Optional.of(shape.kvHeads()),
                headSize,
                Optional.of(new RopeConfig(shape.ropeBase())),
                shape.qkvBias(),
                shape.qkNorm());
        return new ModelConfig(
                shape.dim(),
                shape.layers(),
                shape.context(),
                shape.tied(),
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(shape.hidden())),
                List.of("attn+mlp"),
                Optional.of(shape.vocab()),
                shape.normEpsilon(),
                0.02);
    }
}
