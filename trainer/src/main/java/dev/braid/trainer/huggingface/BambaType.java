package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** {@code bamba}: Mamba-2 and, in some layers, attention with rotation of half of each head; a feed-forward in all. */
final class BambaType extends DescribedType {
    private static final String ATTENTION = "attn+mlp";
    private static final String MAMBA = "mamba+mlp";

    BambaType() {
        super("bamba", "BambaForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-5, false);
        keys.count("max_position_embeddings", 262144, keys.model(), "context");
        keys.mixerIf(file -> file.set("attn_layer_indices"), "attn", "attention", section -> true)
                .ifPresent(attention -> {
                    Parts.heads(keys, dim, attention);
                    RopeKeys.add(keys, attention, 10000, 0.5);
                });
        ObjectNode mixer = keys.mixer("mamba", "mamba2");
        HybridMamba.gatedFirst(keys, dim, mixer);
        keys.count("intermediate_size", keys.ffn("mlp", "swiglu"), "hidden");
        keys.only("mlp_bias", false);
        keys.ignored("z_loss_coefficient", "attn_rotary_emb");
        keys.layers(BambaType::layers, BambaType::write);
    }

    private static List<String> layers(ConfigFile file) {
        List<String> layers = new ArrayList<>(Collections.nCopies(file.count("num_hidden_layers", 1), MAMBA));
        for (JsonNode index : file.node("attn_layer_indices")) {
            if (!index.isInt() || index.asInt() < 0 || index.asInt() >= layers.size()) {
                file.fault("attn_layer_indices", index + " is not the number of a layer");
            } else {
                layers.set(index.asInt(), ATTENTION);
            }
        }
        return layers;
    }

    private static void write(List<String> layers, ObjectNode file) {
        ArrayNode indices = file.putArray("attn_layer_indices");
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).equals(ATTENTION)) {
                indices.add(i);
            }
        }
    }

    @Override
    void describe(Tensors tensors) {
        tensors.in("model.", "")
                .put("embed_tokens.weight", "embedding.weight")
                .put("final_layernorm.weight", "norm.weight");
        tensors.head("lm_head.weight", "model.embed_tokens.weight");
    }

    @Override
    void describe(Tensors tensors, int layer, String mixer) {
        Tensors here = tensors.in("model.layers." + layer + ".", "layers." + layer + ".");
        here.put("input_layernorm.weight", "mixer_norm.weight").put("pre_ff_layernorm.weight", "ffn_norm.weight");
        if (mixer.equals("attn")) {
            Parts.attention(here.in("self_attn.", "mixer."));
        } else {
            Parts.mamba2(here.in("mamba.", "mixer."));
        }
        Parts.gated(here.in("feed_forward.", "ffn."));
    }
}
