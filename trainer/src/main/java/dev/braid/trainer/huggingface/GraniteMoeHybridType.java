package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * {@code granitemoehybrid}: Mamba-2 and, in some layers, attention, with rotary positions or without; a mixture of experts and a shared
 * expert in all; fixed factors.
 */
final class GraniteMoeHybridType extends DescribedType {
    private static final String ATTENTION = "attention";
    private static final String MAMBA = "mamba";

    GraniteMoeHybridType() {
        super("granitemoehybrid", "GraniteMoeHybridForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-6, false);
        ObjectNode model = keys.model();
        keys.count("max_position_embeddings", 2048, model, "context");
        keys.factor("embedding_multiplier", model, "embedding_scale");
        keys.factor("residual_multiplier", model, "residual_scale");
        keys.inFile(file -> Sections.put(model, "logit_scale", 1 / file.number("logits_scaling", 1)));
        keys.inWritten(file -> file.put(
                "logits_scaling", 1 / Sections.get(model, "logit_scale").asDouble(1)));
        Optional<ObjectNode> attention = keys.mixerIf(file -> true, "attn", "attention", section -> true);
        attention.ifPresent(section -> attention(keys, dim, section));
        Optional<ObjectNode> mamba = keys.mixerIf(file -> true, "mamba", "mamba2", section -> true);
        mamba.ifPresent(section -> HybridMamba.gatedFirst(keys, dim, section));
        keys.inWritten(file -> {
            if (attention.isEmpty()) {
                file.put("num_attention_heads", 1);
            }
            if (mamba.isEmpty()) {
                // The usual figures of transformers fit no narrow model, even where no layer needs them.
                file.put("mamba_n_heads", 1).put("mamba_d_head", dim).put("mamba_expand", 1);
            }
        });
        mixture(keys);
        keys.layers(GraniteMoeHybridType::layers, GraniteMoeHybridType::write);
    }

    private static void attention(Keys keys, int dim, ObjectNode attention) {
        int size = Parts.heads(keys, dim, attention);
        keys.derived(attention, "scale", 1 / Math.sqrt(size));
        keys.number("attention_multiplier", 1, attention, "scale");
        keys.inFile(file -> {
            file.require("position_embedding_type", "rope", "nope");
            file.ignore("rope_theta", "rope_scaling", "rope_parameters");
            if (file.text("position_embedding_type", "nope").equals("rope")) {
                RopeKeys.read(
                        file.object("rope_parameters"),
                        file.number("rope_theta", 10000),
                        1,
                        Optional.of(file.object("rope_scaling")),
                        attention);
            } else {
                Sections.put(attention, "rope", Sections.NONE);
            }
        });
        keys.inWritten(file -> {
            if (Sections.get(attention, "rope").isMissingNode()) {
                file.put("position_embedding_type", "nope");
            } else {
                file.put("position_embedding_type", "rope");
                file.put("rope_theta", Sections.get(attention, "rope.base").asDouble());
                RopeKeys.write(file.putObject("rope_parameters"), attention);
            }
        });
    }

    private static void mixture(Keys keys) {
        ObjectNode mixture = keys.ffn("moe", "moe");
        keys.count("num_local_experts", 8, mixture, "experts");
        MixtureKeys.softmax(keys, mixture, 2);
        keys.count("intermediate_size", mixture, "hidden");
        keys.always(mixture, "router.renormalise", true);
        MixtureKeys.shared(keys, mixture, "shared_intermediate_size", 1024, false);
        // Of the libraries in which it was trained.
        keys.ignored("init_method", "normalization_function");
    }

    private static List<String> layers(ConfigFile file) {
        int count = file.count("num_hidden_layers", 1);
        List<String> types = file.texts("layer_types", Collections.nCopies(count, MAMBA));
        List<String> layers = new ArrayList<>();
        for (String type : types) {
            // Version 5 of transformers has other words than the published files.
            switch (type) {
                case ATTENTION, "full_attention" -> layers.add("attn+moe");
                case MAMBA, "linear_attention" -> layers.add("mamba+moe");
                default -> file.fault("layer_types", "\"" + type + "\" is not supported; allowed are attention, mamba");
            }
        }
        if (types.size() != count) {
            file.fault("layer_types", "must name each of the " + count + " layers, not " + types.size());
        }
        return layers;
    }

    private static void write(List<String> layers, ObjectNode file) {
        ArrayNode types = file.putArray("layer_types");
        layers.forEach(layer -> types.add(layer.startsWith("attn") ? ATTENTION : MAMBA));
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
        if (mixer.equals("attn")) {
            Parts.attention(here.in("self_attn.", "mixer."));
        } else {
            Parts.mamba2(here.in("mamba.", "mixer."));
        }
        Tensors mixture = here.in("block_sparse_moe.", "ffn.").put("router.layer.weight", "router.weight");
        ExpertTensors.together(mixture, "input_linear.weight", "output_linear.weight");
        here.in("shared_mlp.", "ffn.shared.")
                .put("input_linear.weight", "gate.weight", "up.weight")
                .put("output_linear.weight", "down.weight");
    }
}
