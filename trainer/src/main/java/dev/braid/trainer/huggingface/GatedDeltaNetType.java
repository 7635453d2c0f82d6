package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code gated_deltanet} of flash-linear-attention. */
final class GatedDeltaNetType extends FlaType {
    GatedDeltaNetType() {
        super("gated_deltanet", "GatedDeltaNetForCausalLM", "gated_deltanet");
    }

    @Override
    void mixer(Keys keys, int dim, ObjectNode mixer) {
        int heads = keys.count("num_heads", 6, mixer, "heads");
        int size = keys.count("head_dim", 256, mixer, "key_size");
        keys.derived(mixer, "value_heads", heads);
        keys.derived(mixer, "value_size", 2 * size);
        keys.count("num_v_heads", heads, mixer, "value_heads");
        Parts.multiple(keys, "expand_v", 2, size, mixer, "value_size");
        Parts.convolution(keys, true, mixer);
        Parts.headNorm(keys, mixer);
        keys.flag("use_gate", true, mixer, "gate");
        keys.flag("allow_neg_eigval", false, mixer, "negative_eigenvalues");
        keys.ignored("fuse_norm");
    }

    @Override
    void mixer(Tensors tensors) {
        convolutions(tensors);
        deltaRule(tensors);
    }
}
