package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code gemma3_text}: attention over a window or over all, norms around both parts of a layer, zero-centred weights of norms. */
final class Gemma3TextType extends DescribedType {
    private static final String LOCAL = "sliding_attention";
    private static final String GLOBAL = "full_attention";

    Gemma3TextType() {
        super("gemma3_text", "Gemma3ForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-6, true);
        ObjectNode model = keys.model();
        keys.count("max_position_embeddings", 131072, model, "context");
        keys.always(model, "norm", "rms_zero_centered");
        keys.always(model, "embedding_scale", "sqrt_dim");
        keys.numberOrNone("final_logit_softcapping", model, "logit_soft_cap");
        Optional<ObjectNode> local = keys.mixerIf(
                file -> types(file).contains(LOCAL),
                "local",
                "attention",
                section -> section.path("window").isInt());
        Optional<ObjectNode> global = keys.mixerIf(
                file -> types(file).contains(GLOBAL),
                "global",
                "attention",
                section -> !section.path("window").isInt());
        local.ifPresent(section -> keys.count("sliding_window", 4096, section, "window"));
        local.ifPresent(section -> attention(keys, dim, section, "local"));
        global.ifPresent(section -> attention(keys, dim, section, "global"));
        rope(keys, local, global);
        keys.count("intermediate_size", keys.ffn("mlp", "geglu"), "hidden");
        keys.only("hidden_activation", "gelu_pytorch_tanh");
        keys.only("attn_logit_softcapping", null);
        keys.only("use_bidirectional_attention", false);
        keys.ignored("sliding_window", "sliding_window_pattern", "_sliding_window_pattern");
        keys.layers(
                file -> types(file).stream()
                        .map(type -> type.equals(LOCAL) ? "local+mlp" : "global+mlp")
                        .toList(),
                (layers, file) -> layers.forEach(layer ->
                        file.withArrayProperty("layer_types").add(layer.equals("local+mlp") ? LOCAL : GLOBAL)));
    }

    private static void attention(Keys keys, int dim, ObjectNode section, String name) {
        keys.always(keys.model(), "norms." + name, "sandwich");
        keys.always(section, "qk_norm", "head");
        int size = Parts.heads(keys, dim, section);
        keys.inFile(file -> {
            if (!file.set("head_dim")) {
                Sections.put(section, "head_size", 256);
            }
            Sections.put(section, "scale", 1 / Math.sqrt(file.count("query_pre_attn_scalar", 256)));
        });
        keys.derived(section, "scale", 1 / Math.sqrt(size));
        keys.inWritten(file -> {
            double scale = Sections.get(section, "scale").asDouble();
            file.put("query_pre_attn_scalar", (int) Math.rint(1 / (scale * scale)));
        });
    }

    private static void rope(Keys keys, Optional<ObjectNode> local, Optional<ObjectNode> global) {
        keys.inFile(file -> {
            ConfigFile ropes = file.object("rope_parameters");
            ConfigFile older = file.object("rope_scaling");
            double globalBase = file.number("rope_theta", 1e6);
            double localBase = file.number("rope_local_base_freq", 1e4);
            ConfigFile none = file.object("");
            local.ifPresent(section -> RopeKeys.read(ropes.object(LOCAL), none, localBase, 1, section));
            global.ifPresent(section -> RopeKeys.read(ropes.object(GLOBAL), older, globalBase, 1, section));
        });
        keys.inWritten(file -> {
            ObjectNode ropes = file.putObject("rope_parameters");
            local.ifPresent(section -> RopeKeys.write(ropes.putObject(LOCAL), section));
            global.ifPresent(section -> RopeKeys.write(ropes.putObject(GLOBAL), section));
        });
    }

    /** The kinds of the layers; files of older versions give the distance of the global ones. */
    private static List<String> types(ConfigFile file) {
        int layers = file.count("num_hidden_layers", 1);
        int distance = file.count("sliding_window_pattern", file.count("_sliding_window_pattern", 6));
        List<String> usual = new ArrayList<>();
        for (int i = 1; i <= layers; i++) {
            usual.add(i % distance == 0 ? GLOBAL : LOCAL);
        }
        List<String> types = file.texts("layer_types", usual);
        if (types.size() != layers || !List.of(LOCAL, GLOBAL).containsAll(types)) {
            file.fault(
                    "layer_types",
                    file.shown("layer_types") + " must name each of the " + layers + " layers " + LOCAL + " or "
                            + GLOBAL);
            return usual;
        }
        return types;
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
                .put("post_attention_layernorm.weight", "mixer_post_norm.weight")
                .put("pre_feedforward_layernorm.weight", "ffn_norm.weight")
                .put("post_feedforward_layernorm.weight", "ffn_post_norm.weight");
        Parts.attention(here.in("self_attn.", "mixer."));
        Parts.gated(here.in("mlp.", "ffn."));
    }
}
