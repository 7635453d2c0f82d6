package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.List;

/** Keys and tensors that several types have alike. */
final class Parts {
    private Parts() {}

    /** Width, depth, vocabulary, epsilon of the norms and whether the head is tied. Returns the width. */
    static int model(Keys keys, String epsilon, double usualEpsilon, boolean usuallyTied) {
        ObjectNode model = keys.model();
        keys.count("vocab_size", model, "vocab");
        int dim = keys.count("hidden_size", model, "dim");
        keys.count("num_hidden_layers", model, "layers");
        keys.number(epsilon, usualEpsilon, model, "norm_eps");
        keys.flag("tie_word_embeddings", usuallyTied, model, "tie_embeddings");
        return dim;
    }

    /** Heads of attention as most types of transformers name them, with biases or without. Returns the size of a head. */
    static int heads(Keys keys, int dim, ObjectNode attention) {
        biases(keys, attention);
        return headSizes(keys, dim, attention, 0);
    }

    /** Biases on all four projections of attention. */
    static void biases(Keys keys, ObjectNode attention) {
        keys.flag("attention_bias", false, attention, "qkv_bias");
        keys.flag("attention_bias", false, attention, "output_bias");
    }

    /**
     * Numbers and size of the heads of attention. Returns the size.
     *
     * @param usualKeyHeads key and value heads where a file does not say them; 0 for as many as query heads
     */
    static int headSizes(Keys keys, int dim, ObjectNode attention, int usualKeyHeads) {
        int heads = keys.count("num_attention_heads", attention, "heads");
        keys.derived(attention, "kv_heads", heads);
        keys.count("num_key_value_heads", usualKeyHeads == 0 ? heads : usualKeyHeads, attention, "kv_heads");
        keys.inFile(file -> file.noteDropout("attention_dropout"));
        keys.derived(attention, "head_size", dim / heads);
        int size = keys.count("head_dim", dim / heads, attention, "head_size");
        keys.inFile(file -> {
            if (!file.set("head_dim") && dim % heads != 0) {
                file.fault("num_attention_heads", heads + " does not divide hidden_size " + dim);
            }
        });
        return size;
    }

    /** The limits of the step of a Mamba-2. */
    static void stepLimits(Keys keys, ObjectNode mixer) {
        String key = "time_step_limit";
        keys.inFile(file -> {
            List<Double> limits = file.numbers(key, List.of(0.0, Double.POSITIVE_INFINITY));
            if (limits.size() != 2) {
                file.fault(key, file.shown(key) + " must have two numbers");
                return;
            }
            Sections.put(mixer, "min_step", limits.get(0));
            Sections.put(mixer, "max_step", Double.isInfinite(limits.get(1)) ? Sections.NONE : limits.get(1));
        });
        keys.inWritten(file -> {
            double least = Sections.get(mixer, "min_step").asDouble(0);
            double most = Sections.get(mixer, "max_step").asDouble(Double.POSITIVE_INFINITY);
            if (least > 0 || !Double.isInfinite(most)) {
                // JSON has no infinity, and without the key there are no limits.
                file.putArray(key).add(least).add(Double.isInfinite(most) ? Double.MAX_VALUE : most);
            }
        });
    }

    /** A convolution that a flag switches on, whose width is {@code conv_size}. */
    static void convolution(Keys keys, boolean usually, ObjectNode mixer) {
        keys.inFile(file -> {
            int width = file.count("conv_size", 4);
            Sections.put(mixer, "conv", file.flag("use_short_conv", usually) ? (Object) width : Sections.NONE);
        });
        keys.inWritten(file -> {
            boolean used = Sections.get(mixer, "conv").isInt();
            file.put("use_short_conv", used);
            file.put("conv_size", Sections.get(mixer, "conv").asInt(4));
        });
    }

    /** A size that a file gives as a multiple of another, which may be a fraction. */
    static void multiple(Keys keys, String key, double usually, int of, ObjectNode mixer, String name) {
        keys.inFile(file -> {
            double size = file.number(key, usually) * of;
            if (size < 1 || size != Math.rint(size)) {
                file.fault(key, file.shown(key) + " times " + of + " must be an integer of 1 or more");
            }
            Sections.put(mixer, name, (int) Math.max(1, size));
        });
        keys.inWritten(file -> file.put(key, Sections.get(mixer, name).asDouble() / of));
    }

    /** The size of a head, which a file gives as the multiple of {@code dim} that all heads have. */
    static void headSize(Keys keys, String key, double usually, int dim, ObjectNode mixer, String name) {
        int heads = Sections.get(mixer, "heads").asInt(1);
        keys.inFile(file -> {
            double size = (int) (file.number(key, usually) * dim) / (double) heads;
            if (size < 1 || size != Math.rint(size)) {
                file.fault(key, file.shown(key) + " times " + dim + " can't be divided over " + heads + " heads");
            }
            Sections.put(mixer, name, (int) Math.max(1, size));
        });
        keys.inWritten(file -> file.put(key, Sections.get(mixer, name).asDouble() * heads / dim));
    }

    /** The norm of each head has the model's epsilon. */
    static void headNorm(Keys keys, ObjectNode mixer) {
        double epsilon = Sections.get(keys.model(), "norm_eps").asDouble();
        keys.derived(mixer, "norm_eps", epsilon);
        keys.always(mixer, "norm_eps", epsilon);
    }

    /** The name that flash-linear-attention gives to the norm of a head, with a gate and without. */
    static String gateNorm(Tensors tensors) {
        return tensors.has("g.weight") ? "g_norm_swish_gate.weight" : "g_norm.weight";
    }

    /** A fault where a key of a file is not the value that others lead to. */
    static void requireProduct(ConfigFile file, String key, long value, String meaning, long product) {
        if (value != product) {
            file.fault(key, "makes " + value + ", but " + meaning + " is " + product);
        }
    }

    /** Tensors of attention: {@code q_proj} and so on. */
    static void attention(Tensors tensors) {
        tensors.projection("q_proj", "q")
                .projection("k_proj", "k")
                .projection("v_proj", "v")
                .projection("o_proj", "output")
                .put("q_norm.weight", "q_norm.weight")
                .put("k_norm.weight", "k_norm.weight");
    }

    /** Tensors of a Mamba-2 mixer. */
    static void mamba2(Tensors tensors) {
        tensors.projection("in_proj", "z", "x", "b", "c", "dt")
                .convolution("conv1d", "conv_x", "conv_b", "conv_c")
                .put("dt_bias", "dt_bias")
                .put("A_log", "a_log")
                .put("D", "d")
                .put("norm.weight", "norm.weight")
                .projection("out_proj", "output");
    }

    /** Tensors of a gated feed-forward: {@code gate_proj}, {@code up_proj}, {@code down_proj}. */
    static void gated(Tensors tensors) {
        tensors.projection("gate_proj", "gate").projection("up_proj", "up").projection("down_proj", "down");
    }
}
