package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code hgrn2} of flash-linear-attention. */
final class Hgrn2Type extends FlaType {
    Hgrn2Type() {
        super("hgrn2", "HGRN2ForCausalLM", "hgrn2");
    }

    @Override
    void mixer(Keys keys, int dim, ObjectNode mixer) {
        keys.inFile(file -> {
            boolean byHeads = !file.set("expand_ratio") && file.set("num_heads");
            int ratio = byHeads ? Math.max(1, dim / file.count("num_heads")) : file.count("expand_ratio", 128);
            int heads = dim / ratio;
            if (heads * ratio != dim) {
                file.fault("expand_ratio", ratio + " does not divide hidden_size " + dim);
            }
            file.require("num_heads", heads);
            Sections.put(mixer, "heads", Math.max(1, heads));
            Sections.put(mixer, "key_size", ratio);
            Sections.put(mixer, "value_size", ratio);
        });
        int heads = Sections.get(mixer, "heads").asInt(1);
        keys.derived(mixer, "key_size", dim / heads);
        keys.derived(mixer, "value_size", dim / heads);
        keys.inWritten(file -> {
            file.put("num_heads", heads);
            file.put("expand_ratio", Sections.get(mixer, "key_size").asInt());
        });
        keys.flag("use_lower_bound", true, mixer, "lower_bounds");
        Parts.convolution(keys, false, mixer);
        // Whatever norm_eps is: the library calls this norm without it.
        keys.always(mixer, "norm_eps", 1e-5);
        keys.ignored("fuse_norm");
    }

    @Override
    void mixer(Tensors tensors) {
        tensors.projection("q_proj", "q")
                .projection("f_proj", "f")
                .projection("i_proj", "v")
                .convolution("q_conv1d", "conv_q")
                .convolution("f_conv1d", "conv_f")
                .convolution("i_conv1d", "conv_v")
                .put("g_norm.weight", "norm.weight")
                .projection("o_proj", "output")
                .putOutside("model.lower_bounds", "lower_bounds");
    }
}
