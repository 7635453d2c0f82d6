package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code delta_net} of flash-linear-attention. */
final class DeltaNetType extends FlaType {
    DeltaNetType() {
        super("delta_net", "DeltaNetForCausalLM", "deltanet");
    }

    @Override
    void mixer(Keys keys, int dim, ObjectNode mixer) {
        int heads = keys.count("num_heads", 16, mixer, "heads");
        keys.derived(mixer, "key_size", dim / heads);
        keys.derived(mixer, "value_size", Sections.get(mixer, "key_size").asInt());
        Parts.headSize(keys, "expand_k", 1, dim, mixer, "key_size");
        Parts.headSize(keys, "expand_v", 1, dim, mixer, "value_size");
        Parts.convolution(keys, true, mixer);
        Parts.headNorm(keys, mixer);
        keys.flag("use_gate", false, mixer, "gate");
        keys.flag("allow_neg_eigval", false, mixer, "negative_eigenvalues");
        keys.only("use_beta", true);
        keys.only("qk_norm", "l2");
        keys.only("qk_activation", "silu");
        // The model ignores the second.
        keys.ignored("fuse_norm", "use_output_norm");
    }

    @Override
    void mixer(Tensors tensors) {
        convolutions(tensors);
        deltaRule(tensors);
    }
}
