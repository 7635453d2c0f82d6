package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code gla} of flash-linear-attention. */
final class GlaType extends FlaType {
    GlaType() {
        super("gla", "GLAForCausalLM", "gla");
    }

    @Override
    void mixer(Keys keys, int dim, ObjectNode mixer) {
        int heads = keys.count("num_heads", 4, mixer, "heads");
        keys.derived(mixer, "key_size", dim / (2 * heads));
        keys.derived(mixer, "value_size", dim / heads);
        Parts.headSize(keys, "expand_k", 0.5, dim, mixer, "key_size");
        Parts.headSize(keys, "expand_v", 1, dim, mixer, "value_size");
        Parts.convolution(keys, false, mixer);
        keys.flag("use_output_gate", true, mixer, "gate");
        keys.always(mixer, "decay_rank", 16);
        keys.always(mixer, "decay_divisor", 16.0);
        keys.inFile(file -> file.require("num_kv_heads", heads));
        keys.only("feature_map", null);
        keys.only("clamp_min", null);
        // Without it the norm has another name in the folder.
        keys.only("fuse_norm", true);
        // Not used by the model.
        keys.ignored("use_gk", "use_gv");
    }

    @Override
    void mixer(Tensors tensors) {
        convolutions(tensors);
        tensors.projection("q_proj", "q")
                .projection("k_proj", "k")
                .projection("v_proj", "v")
                .projection("gk_proj.0", "decay_in")
                .projection("gk_proj.1", "decay_out")
                .projection("g_proj", "g")
                .put(Parts.gateNorm(tensors), "norm.weight")
                .projection("o_proj", "output");
    }
}
