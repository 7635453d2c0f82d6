package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.tensor.Shape;
import java.util.Collections;
import java.util.List;

/** {@code rwkv7} of flash-linear-attention. */
final class Rwkv7Type extends DescribedType {
    private static final int CONTEXT = 2048;

    Rwkv7Type() {
        super("rwkv7", "RWKV7ForCausalLM");
    }

    @Override
    void describe(Keys keys) {
        int dim = Parts.model(keys, "norm_eps", 1e-5, false);
        ObjectNode model = keys.model();
        keys.count("max_position_embeddings", CONTEXT, model, "context");
        keys.always(model, "norm", "layer");
        keys.flag("norm_first", true, model, "embedding_norm");
        keys.only("norm_bias", true);
        ObjectNode mixer = keys.mixer("time_mix", "rwkv7");
        keys.inFile(file -> {
            boolean byHeads = !file.set("head_dim") && file.set("num_heads");
            Sections.put(mixer, "head_size", byHeads ? dim / file.count("num_heads") : file.count("head_dim", 64));
        });
        int size = keys.count("head_dim", Sections.get(mixer, "head_size").asInt(64), mixer, "head_size");
        keys.inFile(file -> {
            file.require("num_heads", dim / size);
            requireValueSizes(file, dim);
        });
        keys.count("decay_low_rank_dim", 64, mixer, "decay_rank");
        keys.count("a_low_rank_dim", 64, mixer, "rate_rank");
        keys.count("v_low_rank_dim", 16, mixer, "value_rank");
        keys.count("gate_low_rank_dim", 128, mixer, "gate_rank");
        // Without it keys are divided by their length in another way.
        keys.only("fuse_norm", true);
        keys.always(mixer, "key_eps", 1e-6);
        ObjectNode channels = keys.ffn("channel_mix", "rwkv_channel_mix");
        keys.inFile(file -> {
            int usual = (int) (dim * file.number("hidden_ratio", 4));
            Sections.put(channels, "hidden", file.count("intermediate_size", 32 * ((usual + 31) / 32)));
        });
        keys.inWritten(file ->
                file.put("intermediate_size", Sections.get(channels, "hidden").asInt()));
        keys.only("hidden_act", "sqrelu");
        keys.only("attn", null);
        keys.ignored(
                "attn_mode",
                "fuse_cross_entropy",
                "fuse_linear_cross_entropy",
                "use_l2warp",
                "hidden_ratio",
                "intermediate_size");
        keys.layers(
                file -> Collections.nCopies(file.count("num_hidden_layers", 1), "time_mix+channel_mix"),
                (layers, file) -> {});
    }

    private static void requireValueSizes(ConfigFile file, int dim) {
        if (file.node("value_dim").isInt()) {
            file.require("value_dim", dim);
        } else if (!file.numbers("value_dim", List.of()).stream().allMatch(size -> size == dim)) {
            file.fault(
                    "value_dim", file.shown("value_dim") + " is not supported; allowed is " + dim + " for every layer");
        }
    }

    @Override
    void describe(Tensors tensors) {
        tensors.in("model.", "").put("embeddings.weight", "embedding.weight").projection("norm", "norm");
        tensors.head("lm_head.weight", "model.embeddings.weight");
    }

    @Override
    void describe(Tensors tensors, int layer, String mixer) {
        Tensors here = tensors.in("model.layers." + layer + ".", "layers." + layer + ".");
        here.projection("pre_norm", "input_norm")
                .projection("attn_norm", "mixer_norm")
                .projection("ffn_norm", "ffn_norm");
        timeMix(here.in("attn.", "mixer."));
        here.in("ffn.", "ffn.").put("x_k", "x_k").projection("key", "key").projection("value", "value");
    }

    private static void timeMix(Tensors tensors) {
        for (String shift : List.of("x_r", "x_w", "x_k", "x_v", "x_a", "x_g")) {
            tensors.reshaped(shift, extents -> Shape.of(1, 1, extents.count()), shift);
        }
        tensors.put("k_k", "k_k")
                .put("k_a", "k_a")
                .put("r_k", "r_k")
                .projection("r_proj", "r")
                .projection("k_proj", "k")
                .projection("v_proj", "v")
                .projection("o_proj", "output")
                .projection("g_norm", "norm");
        lowRank(tensors, "w_lora", "decay");
        lowRank(tensors, "a_lora", "rate");
        lowRank(tensors, "v_lora", "value_mix");
        lowRank(tensors, "g_lora", "gate");
    }

    private static void lowRank(Tensors tensors, String name, String parameter) {
        tensors.put(name + ".lora.0.weight", parameter + ".down.weight")
                .put(name + ".lora.2.weight", parameter + ".up.weight")
                .put(name + ".lora.2.bias", parameter + ".bias");
    }
}
