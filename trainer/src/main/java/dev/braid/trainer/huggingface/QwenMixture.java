package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The feed-forwards of {@code qwen2_moe}, {@code qwen3_moe} and {@code qwen3_next}: mixtures, or dense ones in some layers. */
final class QwenMixture {
    private static final String DENSE = "+mlp";
    private static final String SPARSE = "+moe";
    private static final String DENSE_LAYERS = "mlp_only_layers";

    private QwenMixture() {}

    /**
     * What a type has where a file does not say it.
     *
     * @param dense width of dense feed-forwards
     * @param shared width of the shared expert; empty in a type that has none
     */
    record Usual(int experts, int choices, int hidden, int dense, Optional<Integer> shared, boolean renormalise) {}

    /** Adds the keys of both kinds of feed-forwards. */
    static void add(Keys keys, Usual usual) {
        ObjectNode mixture = keys.ffn("moe", "moe");
        MixtureKeys.experts(keys, mixture, "num_experts", "num_local_experts", usual.experts());
        MixtureKeys.softmax(keys, mixture, usual.choices());
        int hidden = keys.count("moe_intermediate_size", usual.hidden(), mixture, "hidden");
        keys.flag("norm_topk_prob", usual.renormalise(), mixture, "router.renormalise");
        usual.shared()
                .ifPresent(width -> MixtureKeys.shared(keys, mixture, "shared_expert_intermediate_size", width, true));
        Optional<ObjectNode> dense = keys.ffnIf("mlp", "swiglu");
        dense.ifPresent(section -> keys.count("intermediate_size", usual.dense(), section, "hidden"));
        if (dense.isEmpty()) {
            int choices = Sections.get(mixture, "top_k").asInt(1);
            keys.inWritten(file -> file.put("intermediate_size", choices * hidden));
        }
        keys.only("hidden_act", "silu");
    }

    /** With a feed-forward behind each of {@code mixers}. */
    static List<String> layers(ConfigFile file, List<String> mixers) {
        Set<Integer> dense = new HashSet<>();
        for (JsonNode index : file.node(DENSE_LAYERS)) {
            if (!index.isInt() || index.asInt() < 0 || index.asInt() >= mixers.size()) {
                file.fault(DENSE_LAYERS, index + " is not the number of a layer");
            } else {
                dense.add(index.asInt());
            }
        }
        int step = file.count("decoder_sparse_step", 1);
        List<String> layers = new ArrayList<>();
        for (int i = 0; i < mixers.size(); i++) {
            layers.add(mixers.get(i) + (dense.contains(i) || (i + 1) % step != 0 ? DENSE : SPARSE));
        }
        return layers;
    }

    /** Writes which of {@code layers} are dense. */
    static void write(List<String> layers, ObjectNode file) {
        file.put("decoder_sparse_step", 1);
        ArrayNode dense = file.putArray(DENSE_LAYERS);
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).endsWith(DENSE)) {
                dense.add(i);
            }
        }
    }

    /** Tensors of a feed-forward. */
    static void tensors(Tensors layer) {
        Tensors here = layer.in("mlp.", "ffn.");
        if (here.has("router.weight")) {
            here.put("gate.weight", "router.weight").put("shared_expert_gate.weight", "shared_gate.weight");
            Parts.gated(here.in("shared_expert.", "shared."));
            ExpertTensors.each(here, "experts.", "gate_proj", "up_proj", "down_proj", "experts.");
        } else {
            Parts.gated(here);
        }
    }
}
