package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A type of flash-linear-attention: one kind of mixer, in some layers attention in its place, and a SwiGLU. The types differ in the
 * mixer.
 */
abstract class FlaType extends DescribedType {
    private static final String ATTENTION = "attn+mlp";
    private static final String MIXER = "mixer+mlp";

    private final String kind;

    /** The type {@code type}, whose mixer Braid calls {@code kind}. */
    FlaType(String type, String architecture, String kind) {
        super(type, architecture);
        this.kind = kind;
    }

    /** Says which keys belong to the mixer in a model of width {@code dim}. */
    abstract void mixer(Keys keys, int dim, ObjectNode mixer);

    /** Says which tensors hold the mixer's parameters. */
    abstract void mixer(Tensors tensors);

    @Override
    final void describe(Keys keys) {
        int dim = Parts.model(keys, "norm_eps", 1e-6, false);
        keys.count("max_position_embeddings", 2048, keys.model(), "context");
        mixer(keys, dim, keys.mixer("mixer", kind));
        keys.mixerIf(file -> file.set("attn"), "attn", "attention", section -> true)
                .ifPresent(attention -> attention(keys, dim, attention));
        ObjectNode mlp = keys.ffn("mlp", "swiglu");
        keys.inFile(file -> Sections.put(mlp, "hidden", hidden(file, dim)));
        keys.inWritten(file ->
                file.put("intermediate_size", Sections.get(mlp, "hidden").asInt()));
        keys.only("hidden_act", "swish");
        keys.only("attnres_block_size", null);
        keys.only("elementwise_affine", true);
        keys.ignored(
                "attn_mode",
                "fuse_cross_entropy",
                "fuse_linear_cross_entropy",
                "fuse_swiglu",
                "use_l2warp",
                "hidden_ratio",
                "intermediate_size");
        keys.layers(FlaType::layers, (layers, file) -> {});
    }

    private static int hidden(ConfigFile file, int dim) {
        int usual = (int) (dim * file.number("hidden_ratio", 4) * 2 / 3);
        return file.count("intermediate_size", 256 * ((usual + 255) / 256));
    }

    private static void attention(Keys keys, int dim, ObjectNode attention) {
        keys.inFile(file -> {
            ConfigFile section = file.object("attn");
            int heads = section.count("num_heads");
            Sections.put(attention, "heads", heads);
            Sections.put(attention, "kv_heads", section.count("num_kv_heads", heads));
            Sections.put(attention, "qkv_bias", section.flag("qkv_bias", false));
            Sections.put(attention, "rope.base", section.number("rope_theta", 10000));
            if (section.set("window_size")) {
                Sections.put(attention, "window", section.count("window_size"));
            }
            section.node("layers");
        });
        int heads = Sections.get(attention, "heads").asInt(1);
        keys.derived(attention, "kv_heads", heads);
        keys.always(attention, "head_size", dim / heads);
        keys.derived(attention, "head_size", dim / heads);
        keys.inWritten(file -> {
            ObjectNode section = file.putObject("attn");
            section.put("num_heads", heads);
            section.put("num_kv_heads", Sections.get(attention, "kv_heads").asInt());
            section.put("qkv_bias", Sections.get(attention, "qkv_bias").asBoolean());
            section.put("rope_theta", Sections.get(attention, "rope.base").asDouble(10000));
            JsonNode window = Sections.get(attention, "window");
            section.set("window_size", window.isMissingNode() ? null : window);
        });
        keys.layers(FlaType::layers, (layers, file) -> {
            ArrayNode indices = ((ObjectNode) file.path("attn")).putArray("layers");
            for (int i = 0; i < layers.size(); i++) {
                if (layers.get(i).equals(ATTENTION)) {
                    indices.add(i);
                }
            }
        });
    }

    private static List<String> layers(ConfigFile file) {
        List<String> layers = new ArrayList<>(Collections.nCopies(file.count("num_hidden_layers", 1), MIXER));
        for (JsonNode index : file.node("attn").path("layers")) {
            if (!index.isInt() || index.asInt() < 0 || index.asInt() >= layers.size()) {
                file.fault("attn.layers", index + " is not the number of a layer");
            } else {
                layers.set(index.asInt(), ATTENTION);
            }
        }
        return layers;
    }

    @Override
    final void describe(Tensors tensors) {
        tensors.in("model.", "").put("embeddings.weight", "embedding.weight").put("norm.weight", "norm.weight");
        tensors.head("lm_head.weight", "model.embeddings.weight");
    }

    @Override
    final void describe(Tensors tensors, int layer, String mixer) {
        Tensors here = tensors.in("model.layers." + layer + ".", "layers." + layer + ".");
        here.put("attn_norm.weight", "mixer_norm.weight").put("mlp_norm.weight", "ffn_norm.weight");
        Tensors inner = here.in("attn.", "mixer.");
        if (mixer.equals("attn")) {
            Parts.attention(inner);
        } else {
            mixer(inner);
        }
        Parts.gated(here.in("mlp.", "ffn."));
    }

    /** Three short convolutions. */
    static void convolutions(Tensors tensors) {
        tensors.convolution("q_conv1d", "conv_q")
                .convolution("k_conv1d", "conv_k")
                .convolution("v_conv1d", "conv_v");
    }

    /** What delta rules of all types have but their convolutions. */
    static void deltaRule(Tensors tensors) {
        tensors.projection("q_proj", "q")
                .projection("k_proj", "k")
                .projection("v_proj", "v")
                .projection("b_proj", "beta")
                .projection("a_proj", "decay")
                .projection("g_proj", "gate")
                .put("A_log", "a_log")
                .put("dt_bias", "dt_bias")
                .put("o_norm.weight", "output_norm.weight")
                .projection("o_proj", "output");
    }
}
