package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code retnet} of flash-linear-attention. */
final class RetNetType extends FlaType {
    RetNetType() {
        super("retnet", "RetNetForCausalLM", "retnet");
    }

    @Override
    void mixer(Keys keys, int dim, ObjectNode mixer) {
        int heads = keys.count("num_heads", 8, mixer, "heads");
        keys.derived(mixer, "key_size", dim / heads);
        keys.derived(mixer, "value_size", 2 * dim / heads);
        Parts.headSize(keys, "expand_k", 1, dim, mixer, "key_size");
        Parts.headSize(keys, "expand_v", 2, dim, mixer, "value_size");
        keys.flag("use_output_gate", true, mixer, "gate");
        keys.always(mixer, "rope.base", 10000.0);
        keys.inFile(file -> file.require("num_kv_heads", heads));
        keys.only("feature_map", null);
        // Without it the norm has another name in the folder.
        keys.only("fuse_norm", true);
        // Not used by the model.
        keys.ignored("use_short_conv", "conv_size");
    }

    @Override
    void mixer(Tensors tensors) {
        tensors.projection("q_proj", "q")
                .projection("k_proj", "k")
                .projection("v_proj", "v")
                .projection("g_proj", "g")
                .put(Parts.gateNorm(tensors), "norm.weight")
                .projection("o_proj", "output");
    }
}
