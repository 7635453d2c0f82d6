package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The Mamba-2 mixer of {@code bamba} and {@code falcon_h1}, whose keys begin with {@code mamba_}. */
final class HybridMamba {
    private HybridMamba() {}

    /** Returns the columns of x of all heads. */
    static int add(Keys keys, int dim, ObjectNode mixer) {
        int heads = keys.count("mamba_n_heads", 128, mixer, "heads");
        keys.derived(mixer, "head_size", 2 * dim / heads);
        keys.count("mamba_n_groups", 1, mixer, "groups");
        keys.count("mamba_d_state", 256, mixer, "state_size");
        keys.count("mamba_d_conv", 4, mixer, "conv");
        keys.flag("mamba_conv_bias", true, mixer, "conv_bias");
        keys.flag("mamba_proj_bias", false, mixer, "bias");
        Parts.stepLimits(keys, mixer);
        keys.inFile(file -> {
            int columns = file.count("mamba_d_ssm", file.count("mamba_expand", 2) * dim);
            boolean derived = !file.set("mamba_d_head")
                    || "auto".equals(file.node("mamba_d_head").textValue());
            int size = derived ? columns / heads : file.count("mamba_d_head");
            Sections.put(mixer, "head_size", size);
            Parts.requireProduct(file, "mamba_d_head", (long) size * heads, "the width of the mixer", columns);
        });
        int size = Sections.get(mixer, "head_size").asInt();
        keys.inWritten(file -> file.put("mamba_d_head", size));
        keys.only("hidden_act", "silu");
        keys.ignored("mamba_chunk_size", "mamba_expand", "num_logits_to_keep");
        return heads * size;
    }

    /** As above, with a norm over the whole width behind the gate, as {@code bamba} has it. */
    static void gatedFirst(Keys keys, int dim, ObjectNode mixer) {
        int columns = add(keys, dim, mixer);
        keys.flag("mamba_proj_bias", false, mixer, "output_bias");
        keys.always(mixer, "norm", "gate_first");
        keys.always(mixer, "norm_groups", 1);
        keys.inWritten(file -> {
            if (columns % dim != 0) {
                keys.fault("heads of " + columns + " columns are no multiple of dim " + dim);
            }
            file.put("mamba_expand", columns / dim);
        });
    }
}
