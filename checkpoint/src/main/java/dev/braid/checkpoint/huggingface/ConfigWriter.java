package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** {@code config.json} of the Llama family as transformers reads it, from version 4 on. */
final class ConfigWriter {
    private ConfigWriter() {}

    static ObjectNode model(LlamaShape shape) {
        ModelType type = ModelType.of(shape);
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putArray("architectures").add(type.architecture());
        root.put("model_type", type.key());
        root.put("vocab_size", shape.vocab());
        root.put("hidden_size", shape.dim());
        root.put("intermediate_size", shape.hidden());
        root.put("num_hidden_layers", shape.layers());
        root.put("num_attention_heads", shape.heads());
        root.put("num_key_value_heads", shape.kvHeads());
        root.put("head_dim", shape.headSize());
        root.put("hidden_act", "silu");
        root.put("max_position_embeddings", shape.context());
        root.put("rms_norm_eps", shape.normEpsilon());
        // Version 4 and other readers look for rope_theta, version 5 for rope_parameters.
        root.put("rope_theta", shape.ropeBase());
        root.putObject("rope_parameters").put("rope_type", "default").put("rope_theta", shape.ropeBase());
        root.put("tie_word_embeddings", shape.tied());
        root.put("attention_dropout", 0.0);
        switch (type) {
            case LLAMA -> root.put("attention_bias", false).put("mlp_bias", false);
            case QWEN2 -> root.put("use_sliding_window", false);
            case QWEN3 -> root.put("attention_bias", false).put("use_sliding_window", false);
        }
        return root;
    }
}
