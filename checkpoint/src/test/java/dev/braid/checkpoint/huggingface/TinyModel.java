package dev.braid.checkpoint.huggingface;

import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A model of one layer: 5 ids, width 4, 2 heads of 2 that share one key and value head, a feed-forward of 3. */
final class TinyModel {
    /** What transformers 5 writes for it. */
    static final String CONFIG = """
            {
              "architectures": ["LlamaForCausalLM"],
              "attention_bias": false,
              "attention_dropout": 0.0,
              "bos_token_id": 1,
              "dtype": "float32",
              "eos_token_id": 2,
              "head_dim": 2,
              "hidden_act": "silu",
              "hidden_size": 4,
              "initializer_range": 0.02,
              "intermediate_size": 3,
              "max_position_embeddings": 64,
              "mlp_bias": false,
              "model_type": "llama",
              "num_attention_heads": 2,
              "num_hidden_layers": 1,
              "num_key_value_heads": 1,
              "pad_token_id": null,
              "pretraining_tp": 1,
              "rms_norm_eps": 1e-06,
              "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
              "tie_word_embeddings": false,
              "transformers_version": "5.18.0",
              "use_cache": true,
              "vocab_size": 5
            }
            """;

    private TinyModel() {}

    static LlamaShape shape(boolean tied, boolean qkvBias, boolean qkNorm) {
        return new LlamaShape(
                5, 4, 1, 2, 1, 2, 3, 64, 10000, 1e-6, tied, qkvBias, qkNorm, OptionalInt.of(2), OptionalInt.of(1));
    }

    /** Names and shapes of a Llama's tensors, written out as transformers has them. */
    static Map<String, long[]> llamaTensors() {
        Map<String, long[]> tensors = new LinkedHashMap<>();
        tensors.put("lm_head.weight", new long[] {5, 4});
        tensors.put("model.embed_tokens.weight", new long[] {5, 4});
        tensors.put("model.layers.0.input_layernorm.weight", new long[] {4});
        tensors.put("model.layers.0.mlp.down_proj.weight", new long[] {4, 3});
        tensors.put("model.layers.0.mlp.gate_proj.weight", new long[] {3, 4});
        tensors.put("model.layers.0.mlp.up_proj.weight", new long[] {3, 4});
        tensors.put("model.layers.0.post_attention_layernorm.weight", new long[] {4});
        tensors.put("model.layers.0.self_attn.k_proj.weight", new long[] {2, 4});
        tensors.put("model.layers.0.self_attn.o_proj.weight", new long[] {4, 4});
        tensors.put("model.layers.0.self_attn.q_proj.weight", new long[] {4, 4});
        tensors.put("model.layers.0.self_attn.v_proj.weight", new long[] {2, 4});
        tensors.put("model.norm.weight", new long[] {4});
        return tensors;
    }

    /** Writes a folder as transformers does. The elements of the n-th tensor are 100 n, 100 n + 1, ... */
    static Path write(Path folder, String config, Map<String, long[]> tensors, long mostShardBytes) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, long[]> tensor : tensors.entrySet()) {
            Shape shape = Shape.of(tensor.getValue());
            float[] values = new float[(int) shape.count()];
            for (int i = 0; i < values.length; i++) {
                values[i] = 100 * entries.size() + i;
            }
            entries.add(Entry.of(tensor.getKey(), shape, values));
        }
        Files.createDirectories(folder);
        SafetensorsWriter.writeSharded(folder, entries, mostShardBytes, Map.of("format", "pt"));
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    /** Weights in memory that fit {@code shape}. The elements of the n-th parameter are n, n + 0.5, n + 1, ... */
    static Map<String, Tensor> weights(Memory memory, LlamaShape shape) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (Parameter parameter : Parameter.of(shape)) {
            Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, parameter.shape());
            for (long i = 0; i < tensor.count(); i++) {
                tensor.set(i, weights.size() + 0.5f * i);
            }
            weights.put(parameter.braid(), tensor);
        }
        return weights;
    }

    /** The weights of a folder of the Llama family. */
    static HuggingFaceImport open(Path folder) throws IOException {
        return HuggingFaceImport.open(folder, LlamaFamily.tensors(readShape(folder)));
    }

    static LlamaShape readShape(Path folder) throws IOException {
        return LlamaFamily.read(ConfigFile.read(folder));
    }

    static float[] floats(Weights weights, String name) throws IOException {
        try (Memory memory = new Memory()) {
            Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, weights.shape(name));
            weights.load(name, tensor);
            return tensor.toFloats();
        }
    }
}
