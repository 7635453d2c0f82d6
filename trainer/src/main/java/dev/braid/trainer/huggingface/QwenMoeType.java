package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.Optional;

/**
 * {@code qwen2_moe}, with biases on queries, keys and values and a gated shared expert, or {@code qwen3_moe}, with norms on queries and
 * keys.
 */
final class QwenMoeType extends DescribedType {
    private final boolean second;

    private QwenMoeType(String type, String architecture, boolean second) {
        super(type, architecture);
        this.second = second;
    }

    static QwenMoeType qwen2() {
        return new QwenMoeType("qwen2_moe", "Qwen2MoeForCausalLM", true);
    }

    static QwenMoeType qwen3() {
        return new QwenMoeType("qwen3_moe", "Qwen3MoeForCausalLM", false);
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-6, false);
        keys.count("max_position_embeddings", 32768, keys.model(), "context");
        ObjectNode attention = keys.mixer("attn", "attention");
        if (second) {
            Parts.headSizes(keys, dim, attention, 16);
            keys.flag("qkv_bias", true, attention, "qkv_bias");
        } else {
            Parts.headSizes(keys, dim, attention, 4);
            Parts.biases(keys, attention);
            keys.always(attention, "qk_norm", "head");
        }
        RopeKeys.add(keys, attention, 10000, 1);
        QwenMixture.add(
                keys,
                second
                        ? new QwenMixture.Usual(60, 4, 1408, 5632, Optional.of(5632), false)
                        : new QwenMixture.Usual(128, 8, 768, 6144, Optional.empty(), false));
        keys.only("use_sliding_window", false);
        // Written even where it is not used.
        keys.ignored("sliding_window", "max_window_layers");
        keys.inFile(file -> {
            for (JsonNode layer : file.node("layer_types")) {
                if (!"full_attention".equals(layer.textValue())) {
                    file.fault("layer_types", layer + " is not supported; allowed is \"full_attention\"");
                }
            }
        });
        keys.layers(
                file -> QwenMixture.layers(file, Collections.nCopies(file.count("num_hidden_layers", 1), "attn")),
                QwenMixture::write);
    }

    @Override
    void describe(Tensors tensors) {
        tensors.in("model.", "").put("embed_tokens.weight", "embedding.weight").put("norm.weight", "norm.weight");
        tensors.head("lm_head.weight", "model.embed_tokens.weight");
    }

    @Override
    void describe(Tensors tensors, int layer, String mixer) {
        Tensors here = tensors.in("model.layers." + layer + ".", "layers." + layer + ".");
        here.put("input_layernorm.weight", "mixer_norm.weight")
                .put("post_attention_layernorm.weight", "ffn_norm.weight");
        Parts.attention(here.in("self_attn.", "mixer."));
        QwenMixture.tensors(here);
    }
}
