package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.List;

/** {@code falcon_h1}: attention and Mamba-2 side by side in each layer, with fixed factors. */
final class FalconH1Type extends DescribedType {
    FalconH1Type() {
        super("falcon_h1", "FalconH1ForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "rms_norm_eps", 1e-5, false);
        ObjectNode model = keys.model();
        keys.count("max_position_embeddings", 8192, model, "context");
        keys.factor("embedding_multiplier", model, "embedding_scale");
        keys.factor("lm_head_multiplier", model, "logit_scale");
        ObjectNode hybrid = keys.mixer("hybrid", "parallel");
        keys.factor("attention_in_multiplier", hybrid, "input_scales.attn");
        keys.factor("attention_out_multiplier", hybrid, "output_scales.attn");
        keys.factor("ssm_in_multiplier", hybrid, "input_scales.ssm");
        keys.factor("ssm_out_multiplier", hybrid, "output_scales.ssm");
        attention(keys, dim, keys.branch(hybrid, "attn", "attention"));
        ssm(keys, dim, keys.branch(hybrid, "ssm", "mamba2"));
        ObjectNode mlp = keys.ffn("mlp", "swiglu");
        keys.count("intermediate_size", mlp, "hidden");
        keys.factors("mlp_multipliers", mlp, List.of("gate_scale", "down_scale"));
        keys.only("mlp_bias", false);
        keys.layers(
                file -> Collections.nCopies(file.count("num_hidden_layers", 1), "hybrid+mlp"), (layers, file) -> {});
    }

    /** The factor of the keys is one of the scores: positions only rotate. */
    private static void attention(Keys keys, int dim, ObjectNode attention) {
        int size = Parts.heads(keys, dim, attention);
        RopeKeys.add(keys, attention, 10000, 1);
        keys.inFile(file -> Sections.put(attention, "scale", file.number("key_multiplier", 1) / Math.sqrt(size)));
        keys.derived(attention, "scale", 1 / Math.sqrt(size));
        keys.inWritten(file ->
                file.put("key_multiplier", Sections.get(attention, "scale").asDouble() * Math.sqrt(size)));
    }

    private static void ssm(Keys keys, int dim, ObjectNode mixer) {
        int columns = HybridMamba.add(keys, dim, mixer);
        keys.flag("projectors_bias", false, mixer, "output_bias");
        keys.factors(
                "ssm_multipliers", mixer, List.of("factors.z", "factors.x", "factors.b", "factors.c", "factors.dt"));
        keys.inFile(file -> {
            boolean norm = file.flag("mamba_rms_norm", false);
            String place = file.flag("mamba_norm_before_gate", true) ? "norm_first" : "gate_first";
            Sections.put(mixer, "norm", norm ? place : Sections.NONE);
            Sections.put(mixer, "norm_groups", norm ? file.count("mamba_n_groups", 1) : 1);
        });
        keys.inWritten(file -> {
            String norm = mixer.path("norm").asText();
            file.put("mamba_rms_norm", !norm.equals(Sections.NONE));
            file.put("mamba_norm_before_gate", !norm.equals("gate_first"));
            file.put("mamba_d_ssm", columns);
        });
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
        Parts.attention(here.in("self_attn.", "mixer.attn."));
        Parts.mamba2(here.in("mamba.", "mixer.ssm."));
        Parts.gated(here.in("feed_forward.", "ffn."));
    }
}
