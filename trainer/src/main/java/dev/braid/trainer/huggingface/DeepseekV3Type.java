package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code deepseek_v3}: latent attention; dense feed-forwards in the first layers, then mixtures of experts that are chosen by sigmoids,
 * with a bias for the choice alone, and a shared expert.
 */
final class DeepseekV3Type extends DescribedType {
    private static final String DENSE = "attn+mlp";
    private static final String SPARSE = "attn+moe";
    private static final String FIRST = "first_k_dense_replace";
    private static final String QUERY_RANK = "q_lora_rank";
    private static final String SHARED = "n_shared_experts";
    private static final String BIAS_RATE = "balance.bias_rate";

    DeepseekV3Type() {
        super("deepseek_v3", "DeepseekV3ForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        Parts.model(keys, "rms_norm_eps", 1e-6, false);
        keys.count("max_position_embeddings", 4096, keys.model(), "context");
        attention(keys, keys.mixer("attn", "mla"));
        Optional<ObjectNode> dense = keys.ffnIf("mlp", "swiglu");
        dense.ifPresent(section -> keys.count("intermediate_size", 18432, section, "hidden"));
        mixture(keys, keys.ffn("moe", "moe"));
        keys.only("hidden_act", "silu");
        // Modules that predict further tokens are no part of what the model computes.
        keys.ignored("num_nextn_predict_layers", "pretraining_tp", "ep_size", "auto_map");
        keys.inWritten(file -> file.put("num_nextn_predict_layers", 0));
        keys.layers(DeepseekV3Type::layers, (layers, file) -> write(keys, layers, file));
    }

    private static void attention(Keys keys, ObjectNode mixer) {
        int heads = keys.count("num_attention_heads", mixer, "heads");
        keys.inFile(file -> Parts.requireProduct(
                file, "num_key_value_heads", file.count("num_key_value_heads", heads), "num_attention_heads", heads));
        keys.inWritten(file -> file.put("num_key_value_heads", heads));
        keys.inFile(file -> {
            boolean none = file.written(QUERY_RANK) && !file.set(QUERY_RANK);
            Sections.put(mixer, "q_rank", none ? (Object) Sections.NONE : file.count(QUERY_RANK, 1536));
        });
        keys.inWritten(file -> {
            JsonNode rank = Sections.get(mixer, "q_rank");
            if (rank.isInt()) {
                file.put(QUERY_RANK, rank.asInt());
            } else {
                file.putNull(QUERY_RANK);
            }
        });
        keys.count("kv_lora_rank", 512, mixer, "kv_rank");
        int size = keys.count("qk_nope_head_dim", 128, mixer, "nope_size");
        keys.count("qk_rope_head_dim", 64, mixer, "rope_size");
        keys.derived(mixer, "value_size", size);
        keys.count("v_head_dim", 128, mixer, "value_size");
        keys.flag("rope_interleave", true, mixer, "interleaved");
        keys.flag("attention_bias", false, mixer, "bias");
        keys.inFile(file -> file.noteDropout("attention_dropout"));
        RopeKeys.add(keys, mixer, 10000, 1);
        // transformers does not hand the model's epsilon to these norms.
        keys.derived(mixer, "norm_eps", Sections.get(keys.model(), "norm_eps").asDouble());
        keys.always(mixer, "norm_eps", 1e-6);
        keys.ignored("head_dim", "qk_head_dim");
    }

    private static void mixture(Keys keys, ObjectNode mixture) {
        MixtureKeys.experts(keys, mixture, "n_routed_experts", "num_local_experts", 256);
        keys.count("num_experts_per_tok", 8, mixture, "top_k");
        int hidden = keys.count("moe_intermediate_size", 2048, mixture, "hidden");
        keys.always(mixture, "router.type", "sigmoid");
        keys.flag("norm_topk_prob", true, mixture, "router.renormalise");
        keys.number("routed_scaling_factor", 2.5, mixture, "router.scale");
        int groups = keys.count("n_group", 8, mixture, "router.groups");
        keys.derived(mixture, "router.groups_kept", groups);
        keys.count("topk_group", 4, mixture, "router.groups_kept");
        keys.only("scoring_func", "sigmoid");
        keys.only("topk_method", "noaux_tc");
        keys.only("moe_layer_freq", 1);
        keys.inFile(file -> {
            Sections.put(mixture, "shared.hidden", hidden * file.count(SHARED, 1));
            Sections.put(mixture, "balance.loss", "sequence");
            Sections.put(mixture, "balance.coefficient", file.number("aux_loss_alpha", 1e-4));
            Sections.put(mixture, BIAS_RATE, 1e-3);
        });
        keys.ignored("seq_aux", "output_router_logits", "router_aux_loss_coef");
        keys.inWritten(file -> {
            int shared = mixture.path("shared").path("hidden").asInt();
            if (shared == 0 || shared % hidden != 0) {
                keys.fault(
                        "its shared expert must be as wide as one or several of the " + hidden + " columns of others");
            }
            file.put(SHARED, shared / hidden);
            boolean sequence =
                    "sequence".equals(mixture.path("balance").path("loss").textValue());
            file.put("seq_aux", sequence);
            file.put(
                    "aux_loss_alpha",
                    sequence ? Sections.get(mixture, "balance.coefficient").asDouble() : 0);
            if (!(Sections.get(mixture, BIAS_RATE).asDouble() > 0)) {
                keys.fault("balance.bias_rate must be above 0, since it has a tensor for the bias");
            }
        });
    }

    private static List<String> layers(ConfigFile file) {
        int count = file.count("num_hidden_layers", 1);
        JsonNode first = file.node(FIRST);
        int dense = file.set(FIRST) ? first.asInt(-1) : 3;
        if (dense < 0) {
            file.fault(FIRST, first + " must be an integer of 0 or more");
        }
        List<String> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            layers.add(i < dense ? DENSE : SPARSE);
        }
        return layers;
    }

    private static void write(Keys keys, List<String> layers, ObjectNode file) {
        int dense = layers.contains(SPARSE) ? layers.indexOf(SPARSE) : layers.size();
        if (layers.lastIndexOf(DENSE) > dense) {
            keys.fault("it has dense layers only before all others");
        }
        file.put(FIRST, dense);
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
        here.in("self_attn.", "mixer.")
                .projection("q_proj", "q")
                .projection("q_a_proj", "q_down")
                .put("q_a_layernorm.weight", "q_norm.weight")
                .projection("q_b_proj", "q_up")
                .projection("kv_a_proj_with_mqa", "kv_down")
                .put("kv_a_layernorm.weight", "kv_norm.weight")
                .projection("kv_b_proj", "kv_up")
                .projection("o_proj", "output");
        Tensors ffn = here.in("mlp.", "ffn.");
        if (ffn.has("router.weight")) {
            ffn.put("gate.weight", "router.weight").put("gate.e_score_correction_bias", "router.bias");
            Parts.gated(ffn.in("shared_experts.", "shared."));
            ExpertTensors.each(ffn, "experts.", "gate_proj", "up_proj", "down_proj", "experts.");
        } else {
            Parts.gated(ffn);
        }
    }
}
