package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.checkpoint.huggingface.Part;
import dev.braid.models.GatedDeltaNetConfig;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code qwen3_next}: gated delta rules and, in some layers, attention with a gate; a mixture of experts with a gated shared expert;
 * zero-centred norms.
 */
final class Qwen3NextType extends DescribedType {
    private static final String LINEAR = "linear_attention";
    private static final String FULL = "full_attention";

    Qwen3NextType() {
        super("qwen3_next", "Qwen3NextForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-6, false);
        keys.count("max_position_embeddings", 32768, keys.model(), "context");
        keys.always(keys.model(), "norm", "rms_zero_centered");
        keys.mixerIf(file -> true, "attn", "attention", section -> true)
                .ifPresent(section -> attention(keys, dim, section));
        keys.mixerIf(file -> true, "gdn", "gated_deltanet", section -> true)
                .ifPresent(section -> gatedDeltaNet(keys, section));
        QwenMixture.add(keys, new QwenMixture.Usual(512, 10, 512, 5632, Optional.of(512), true));
        keys.layers(file -> QwenMixture.layers(file, mixers(file)), (layers, file) -> {
            ArrayNode types = file.putArray("layer_types");
            layers.forEach(layer -> types.add(layer.startsWith("attn") ? FULL : LINEAR));
            QwenMixture.write(layers, file);
        });
    }

    private static void attention(Keys keys, int dim, ObjectNode attention) {
        Parts.headSizes(keys, dim, attention, 2);
        // Here the size does not follow from the width.
        keys.inFile(file -> Sections.put(attention, "head_size", file.count("head_dim", 256)));
        keys.only("attention_bias", false);
        keys.always(attention, "qk_norm", "head");
        keys.always(attention, "gate", true);
        RopeKeys.add(keys, attention, 10000, 0.25);
    }

    private static void gatedDeltaNet(Keys keys, ObjectNode mixer) {
        int heads = keys.count("linear_num_key_heads", 16, mixer, "heads");
        int size = keys.count("linear_key_head_dim", 128, mixer, "key_size");
        keys.derived(mixer, "value_heads", heads);
        keys.derived(mixer, "value_size", 2 * size);
        keys.count("linear_num_value_heads", 32, mixer, "value_heads");
        keys.count("linear_value_head_dim", 128, mixer, "value_size");
        keys.count("linear_conv_kernel_dim", 4, mixer, "conv");
        keys.always(mixer, "negative_eigenvalues", false);
        keys.always(mixer, "gate", true);
        Parts.headNorm(keys, mixer);
    }

    private static List<String> mixers(ConfigFile file) {
        int count = file.count("num_hidden_layers", 1);
        int distance = file.count("full_attention_interval", 4);
        List<String> usual = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            usual.add(i % distance == 0 ? FULL : LINEAR);
        }
        List<String> types = file.texts("layer_types", usual);
        if (types.size() != count || !List.of(LINEAR, FULL).containsAll(types)) {
            file.fault(
                    "layer_types",
                    file.shown("layer_types") + " must name each of the " + count + " layers " + LINEAR + " or "
                            + FULL);
        }
        return types.stream().map(type -> type.equals(FULL) ? "attn" : "gdn").toList();
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
        if (tensors.model().mixers().get(mixer) instanceof GatedDeltaNetConfig config) {
            gatedDeltaNet(here.in("linear_attn.", "mixer."), config.heads());
        } else {
            attention(here.in("self_attn.", "mixer."));
        }
        QwenMixture.tensors(here);
    }

    /** The rows of queries and gates alternate head by head. */
    private static void attention(Tensors tensors) {
        long heads = tensors.shape("q.weight").extent(0)
                / tensors.shape("q_norm.weight").extent(0);
        interleaved(tensors, "q_proj.weight", heads, "q.weight", "gate.weight");
        tensors.put("k_proj.weight", "k.weight")
                .put("v_proj.weight", "v.weight")
                .put("o_proj.weight", "output.weight")
                .put("q_norm.weight", "q_norm.weight")
                .put("k_norm.weight", "k_norm.weight");
    }

    /** The rows of all that belongs to a head of queries and keys lie together. */
    private static void gatedDeltaNet(Tensors tensors, long groups) {
        interleaved(tensors, "in_proj_qkvz.weight", groups, "q.weight", "k.weight", "v.weight", "gate.weight");
        interleaved(tensors, "in_proj_ba.weight", groups, "beta.weight", "decay.weight");
        tensors.convolution("conv1d", "conv_q", "conv_k", "conv_v")
                .put("A_log", "a_log")
                .put("dt_bias", "dt_bias")
                .put("norm.weight", "norm.weight")
                .put("out_proj.weight", "output.weight");
    }

    /** A tensor with the first of {@code groups} equal parts of the rows of each parameter, then the second of each, and so on. */
    private static void interleaved(Tensors tensors, String name, long groups, String... parameters) {
        List<Part> parts = new ArrayList<>();
        long rows = 0;
        for (String parameter : parameters) {
            rows += tensors.shape(parameter).extent(0);
        }
        for (long group = 0; group < groups; group++) {
            for (String parameter : parameters) {
                long count = tensors.shape(parameter).count() / groups;
                parts.add(tensors.run(parameter, group * count, count));
            }
        }
        tensors.put(name, Shape.of(rows, tensors.shape(parameters[0]).extent(1)), parts);
    }
}
