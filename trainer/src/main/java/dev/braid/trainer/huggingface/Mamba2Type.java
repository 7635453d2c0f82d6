package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;

/** {@code mamba2}: layers of one mixer each, without feed-forwards. */
final class Mamba2Type extends DescribedType {
    private static final int CONTEXT = 2048;

    Mamba2Type() {
        super("mamba2", "Mamba2ForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "layer_norm_epsilon", 1e-5, false);
        keys.unsaid(
                keys.model(),
                "context",
                CONTEXT,
                "config.json does not say how long sequences are: model.context is " + CONTEXT);
        ObjectNode mixer = keys.mixer("mamba", "mamba2");
        int heads = keys.count("num_heads", 128, mixer, "heads");
        keys.derived(mixer, "head_size", 2 * dim / heads);
        int size = keys.count("head_dim", 64, mixer, "head_size");
        keys.count("state_size", 128, mixer, "state_size");
        keys.count("n_groups", 8, mixer, "groups");
        keys.count("conv_kernel", 4, mixer, "conv");
        keys.flag("use_conv_bias", true, mixer, "conv_bias");
        keys.flag("use_bias", false, mixer, "bias");
        keys.flag("use_bias", false, mixer, "output_bias");
        keys.always(mixer, "norm", "gate_first");
        keys.always(mixer, "norm_groups", 1);
        Parts.stepLimits(keys, mixer);
        keys.inFile(file -> Parts.requireProduct(
                file, "expand", (long) file.count("expand", 2) * dim, "num_heads head_dim", (long) heads * size));
        keys.inWritten(file -> file.put("expand", heads * size / dim));
        keys.only("hidden_act", "silu");
        keys.ignored(
                "chunk_size",
                "residual_in_fp32",
                "rescale_prenorm_residual",
                "time_step_rank",
                "time_step_min",
                "time_step_max",
                "time_step_floor");
        keys.layers(file -> Collections.nCopies(file.count("num_hidden_layers", 1), "mamba"), (layers, file) -> {});
    }

    @Override
    void describe(Tensors tensors) {
        tensors.in("backbone.", "").put("embeddings.weight", "embedding.weight").put("norm_f.weight", "norm.weight");
        tensors.head("lm_head.weight", "backbone.embeddings.weight");
    }

    @Override
    void describe(Tensors tensors, int layer, String mixer) {
        Tensors here = tensors.in("backbone.layers." + layer + ".", "layers." + layer + ".");
        here.put("norm.weight", "mixer_norm.weight");
        Parts.mamba2(here.in("mixer.", "mixer."));
    }
}
