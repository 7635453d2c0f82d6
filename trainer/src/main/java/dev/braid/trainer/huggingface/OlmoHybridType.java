package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code olmo_hybrid}: gated delta rules with norms before their parts, attention with norms after. */
final class OlmoHybridType extends DescribedType {
    private static final String LINEAR = "linear_attention";
    private static final String FULL = "full_attention";

    OlmoHybridType() {
        super("olmo_hybrid", "OlmoHybridForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-6, false);
        keys.count("max_position_embeddings", 65536, keys.model(), "context");
        ObjectNode attention = keys.mixer("attn", "attention");
        Parts.heads(keys, dim, attention);
        keys.always(attention, "qk_norm", "width");
        keys.always(keys.model(), "norms.attn", "post");
        rope(keys, attention);
        gatedDeltaNet(keys, dim, keys.mixer("gdn", "gated_deltanet"));
        keys.count("intermediate_size", keys.ffn("mlp", "swiglu"), "hidden");
        keys.only("hidden_act", "silu");
        keys.ignored("linear_a_log_min", "linear_a_log_max", "linear_dt_min", "linear_dt_max", "linear_dt_init_floor");
        keys.layers(
                OlmoHybridType::layers,
                (layers, file) -> layers.forEach(
                        layer -> file.withArrayProperty("layer_types").add(layer.equals("attn+mlp") ? FULL : LINEAR)));
    }

    private static void gatedDeltaNet(Keys keys, int dim, ObjectNode mixer) {
        keys.inFile(file -> {
            int usual = file.count("num_attention_heads", 1);
            int heads = file.count("linear_num_key_heads", usual);
            int size = file.count("linear_key_head_dim", Math.max(1, (int) (0.75 * dim / heads)));
            Sections.put(mixer, "heads", heads);
            Sections.put(mixer, "key_size", size);
            Sections.put(mixer, "value_heads", file.count("linear_num_value_heads", usual));
            Sections.put(mixer, "value_size", file.count("linear_value_head_dim", 2 * size));
        });
        int heads =
                keys.count("linear_num_key_heads", Sections.get(mixer, "heads").asInt(1), mixer, "heads");
        int size = keys.count(
                "linear_key_head_dim", Sections.get(mixer, "key_size").asInt(1), mixer, "key_size");
        keys.derived(mixer, "value_heads", heads);
        keys.derived(mixer, "value_size", 2 * size);
        keys.derived(mixer, "norm_eps", Sections.get(keys.model(), "norm_eps").asDouble());
        keys.count("linear_num_value_heads", Sections.get(mixer, "value_heads").asInt(1), mixer, "value_heads");
        keys.count("linear_value_head_dim", Sections.get(mixer, "value_size").asInt(1), mixer, "value_size");
        keys.count("linear_conv_kernel_dim", 4, mixer, "conv");
        keys.flag("linear_allow_neg_eigval", true, mixer, "negative_eigenvalues");
        keys.always(mixer, "gate", true);
        keys.always(mixer, "norm_eps", 1e-5);
    }

    /** The published model has no positions: a base of null. A base that is missing is the usual one. */
    private static void rope(Keys keys, ObjectNode attention) {
        keys.inFile(file -> {
            ConfigFile parameters = file.object("rope_parameters");
            if (parameters.written("rope_theta") && !parameters.set("rope_theta")) {
                parameters.require("rope_type", "default");
                Sections.put(attention, "rope", Sections.NONE);
            } else {
                RopeKeys.read(
                        parameters,
                        file.number("rope_theta", 10000),
                        1,
                        Optional.of(file.object("rope_scaling")),
                        attention);
            }
        });
        keys.inWritten(file -> {
            if (Sections.get(attention, "rope").isMissingNode()) {
                file.putObject("rope_parameters").put("rope_type", "default").putNull("rope_theta");
            } else {
                RopeKeys.write(file.putObject("rope_parameters"), attention);
            }
        });
    }

    private static List<String> layers(ConfigFile file) {
        int count = file.count("num_hidden_layers", 1);
        List<String> usual = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            usual.add(i % 4 == 3 || count < 4 && i == count - 1 ? FULL : LINEAR);
        }
        List<String> types = file.texts("layer_types", usual);
        if (types.size() != count || !List.of(LINEAR, FULL).containsAll(types)) {
            file.fault(
                    "layer_types",
                    file.shown("layer_types") + " must name each of the " + count + " layers " + LINEAR + " or "
                            + FULL);
        }
        return types.stream()
                .map(type -> type.equals(FULL) ? "attn+mlp" : "gdn+mlp")
                .toList();
    }

    @Override
    void describe(Tensors tensors) {
        tensors.in("model.", "").put("embed_tokens.weight", "embedding.weight").put("norm.weight", "norm.weight");
        tensors.head("lm_head.weight", "model.embed_tokens.weight");
    }

    @Override
    void describe(Tensors tensors, int layer, String mixer) {
        Tensors here = tensors.in("model.layers." + layer + ".", "layers." + layer + ".");
        if (mixer.equals("attn")) {
            here.put("post_attention_layernorm.weight", "mixer_post_norm.weight")
                    .put("post_feedforward_layernorm.weight", "ffn_post_norm.weight");
            Parts.attention(here.in("self_attn.", "mixer."));
        } else {
            here.put("input_layernorm.weight", "mixer_norm.weight")
                    .put("post_attention_layernorm.weight", "ffn_norm.weight");
            Tensors linear = here.in("linear_attn.", "mixer.");
            linear.convolution("conv1d", "conv_q", "conv_k", "conv_v");
            FlaType.deltaRule(linear);
        }
        // The names in published folders, which transformers changes when it reads and partly when it writes.
        here.substitute("input_layernorm.weight", "attention_layer_norm.weight")
                .substitute("post_attention_layernorm.weight", "feedforward_layer_norm.weight")
                .substitute(
                        "linear_attn.conv1d.weight",
                        "linear_attn.q_conv1d.weight",
                        "linear_attn.k_conv1d.weight",
                        "linear_attn.v_conv1d.weight");
        Parts.gated(here.in("mlp.", "ffn."));
    }
}
