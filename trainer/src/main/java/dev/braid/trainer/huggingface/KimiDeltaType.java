package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code kda} of flash-linear-attention. */
final class KimiDeltaType extends FlaType {
    KimiDeltaType() {
        super("kda", "KDAForCausalLM", "kda");
    }

    @Override
    void mixer(Keys keys, int dim, ObjectNode mixer) {
        int heads = keys.count("num_heads", 16, mixer, "heads");
        int size = keys.count("head_dim", 128, mixer, "key_size");
        keys.derived(mixer, "value_heads", heads);
        keys.derived(mixer, "value_size", size);
        keys.count("num_v_heads", heads, mixer, "value_heads");
        Parts.multiple(keys, "expand_v", 1, size, mixer, "value_size");
        Parts.convolution(keys, true, mixer);
        Parts.headNorm(keys, mixer);
        keys.flag("allow_neg_eigval", false, mixer, "negative_eigenvalues");
        keys.numberOrNone("lower_bound", mixer, "lower_bound");
        // The second is for the start of training alone.
        keys.ignored("fuse_norm", "safe_gate");
    }

    @Override
    void mixer(Tensors tensors) {
        convolutions(tensors);
        deltaRule(tensors);
        tensors.projection("f_proj.0", "decay_in")
                .projection("f_proj.1", "decay_out")
                .projection("g_proj.0", "gate_in")
                .projection("g_proj.1", "gate_out");
    }
}
