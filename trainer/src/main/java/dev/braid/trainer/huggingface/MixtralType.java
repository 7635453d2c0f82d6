package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.List;

/** {@code mixtral}: attention, over a window or not, and a mixture of experts in every layer. */
final class MixtralType extends DescribedType {
    MixtralType() {
        super("mixtral", "MixtralForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-5, false);
        keys.count("max_position_embeddings", 131072, keys.model(), "context");
        ObjectNode attention = keys.mixer("attn", "attention");
        Parts.headSizes(keys, dim, attention, 8);
        RopeKeys.add(keys, attention, 1e6, 1);
        keys.inFile(file -> {
            if (file.set("sliding_window")) {
                Sections.put(attention, "window", file.count("sliding_window"));
            }
        });
        keys.inWritten(file -> {
            JsonNode window = Sections.get(attention, "window");
            if (window.isInt()) {
                file.put("sliding_window", window.asInt());
            } else {
                file.putNull("sliding_window");
            }
        });
        ObjectNode mixture = keys.ffn("moe", "moe");
        MixtureKeys.experts(keys, mixture, "num_local_experts", "num_experts", 8);
        MixtureKeys.softmax(keys, mixture, 2);
        keys.count("intermediate_size", 14336, mixture, "hidden");
        keys.always(mixture, "router.renormalise", true);
        keys.only("router_jitter_noise", 0.0);
        keys.only("hidden_act", "silu");
        keys.layers(file -> Collections.nCopies(file.count("num_hidden_layers", 1), "attn+moe"), (layers, file) -> {});
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
        Tensors mixture = here.in("", "ffn.");
        String router = "router.weight";
        mixture.put("block_sparse_moe.gate.weight", router)
                .alternative(
                        "mlp.gate.weight",
                        mixture.shape(router),
                        List.of(mixture.run(router, 0, mixture.shape(router).count())));
        ExpertTensors.each(mixture, "block_sparse_moe.experts.", "w1", "w3", "w2", "mlp.experts.");
    }
}
