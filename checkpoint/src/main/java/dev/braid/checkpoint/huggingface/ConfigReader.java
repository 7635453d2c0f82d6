package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.braid.checkpoint.InvalidFileException;
import java.util.OptionalInt;

/** Reads the {@code config.json} of a model of the Llama family. What such a model of Braid cannot be is a fault of the file. */
final class ConfigReader {
    private final ConfigFile file;

    private ConfigReader(ConfigFile file) {
        this.file = file;
    }

    /** The shape in {@code file}. Throws {@link InvalidFileException} with all faults. */
    static LlamaShape read(ConfigFile file) throws InvalidFileException {
        LlamaShape shape = new ConfigReader(file).shape();
        file.conclude();
        return shape;
    }

    private LlamaShape shape() {
        ModelType type = type();
        if (type == null) {
            return null;
        }
        requireRepresentable(type);
        int vocab = file.count("vocab_size");
        int dim = file.count("hidden_size");
        int hidden = file.count("intermediate_size");
        int layers = file.count("num_hidden_layers");
        int heads = file.count("num_attention_heads");
        int context = file.count("max_position_embeddings");
        // The Qwen types have figures of their own for what is missing; Llama derives it.
        int kvHeads =
                type == ModelType.LLAMA ? file.count("num_key_value_heads", heads) : file.count("num_key_value_heads");
        int headSize = headSize(type, dim, heads);
        double epsilon = file.number("rms_norm_eps", 1e-6);
        double base = ropeBase();
        boolean tied = file.flag("tie_word_embeddings", false);
        OptionalInt eos = file.token("eos_token_id", type == ModelType.LLAMA ? OptionalInt.of(2) : OptionalInt.empty());
        OptionalInt bos = file.token("bos_token_id", type == ModelType.LLAMA ? OptionalInt.of(1) : OptionalInt.empty());
        if (file.faulty()) {
            return null;
        }
        boolean bias = type == ModelType.QWEN2;
        boolean norm = type == ModelType.QWEN3;
        try {
            return new LlamaShape(
                    vocab, dim, layers, heads, kvHeads, headSize, hidden, context, base, epsilon, tied, bias, norm, eos,
                    bos);
        } catch (IllegalArgumentException problem) {
            file.fault(problem.getMessage());
            return null;
        }
    }

    private ModelType type() {
        String value = file.type();
        for (ModelType type : ModelType.values()) {
            if (type.key().equals(value)) {
                file.requireArchitecture(type.architecture());
                return type;
            }
        }
        file.fault("model_type", file.shown("model_type") + " is not supported; allowed are llama, qwen2, qwen3");
        return null;
    }

    private void requireRepresentable(ModelType type) {
        file.ignore("is_llama_config", "max_window_layers", "pretraining_tp");
        file.require("hidden_act", "silu");
        if (file.flag("attention_bias", false)) {
            file.fault(
                    "attention_bias",
                    "true puts biases on all four projections, which Braid does not have; allowed is false");
        }
        if (file.flag("mlp_bias", false)) {
            file.fault("mlp_bias", "true is not supported; allowed is false");
        }
        if (file.flag("use_sliding_window", false)) {
            file.fault("use_sliding_window", "true is not supported; allowed is false");
        }
        // The Qwen types write a window even when they do not use it.
        if (file.set("sliding_window") && type == ModelType.LLAMA) {
            file.fault("sliding_window", file.shown("sliding_window") + " is not supported; allowed is null");
        }
        for (JsonNode layer : file.node("layer_types")) {
            if (!"full_attention".equals(layer.textValue())) {
                file.fault("layer_types", layer + " is not supported; allowed is \"full_attention\"");
                break;
            }
        }
        file.noteDropout("attention_dropout");
    }

    private int headSize(ModelType type, int dim, int heads) {
        if (file.set("head_dim")) {
            return file.count("head_dim");
        }
        if (type == ModelType.QWEN3) {
            file.fault("head_dim", "missing; a qwen3 must have it");
            return 1;
        }
        if (heads > 0 && dim % heads != 0) {
            file.fault(
                    "num_attention_heads",
                    heads + " does not divide hidden_size " + dim + ", and there is no head_dim");
        }
        return dim / Math.max(heads, 1);
    }

    private double ropeBase() {
        ConfigFile scaling = file.object("rope_scaling");
        ConfigFile parameters = file.object("rope_parameters");
        for (ConfigFile rope : new ConfigFile[] {scaling, parameters}) {
            rope.require("type", "default");
            rope.require("rope_type", "default");
        }
        if (file.number("partial_rotary_factor", 1) != 1 || parameters.number("partial_rotary_factor", 1) != 1) {
            file.fault("partial_rotary_factor", "only 1 is supported");
        }
        double outer = file.number("rope_theta", Double.NaN);
        double inner = parameters.number("rope_theta", Double.NaN);
        if (!Double.isNaN(outer) && !Double.isNaN(inner) && outer != inner) {
            file.fault("rope_theta", outer + " differs from rope_parameters.rope_theta: " + inner);
        }
        double base = Double.isNaN(inner) ? outer : inner;
        return Double.isNaN(base) ? 10000 : base;
    }
}
