package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.braid.checkpoint.InvalidFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads {@code config.json}. A key that changes the model in a way that Braid cannot follow is refused by name, and
 * so is a key that is not known: nothing is passed over that might change the figures. All faults are reported at
 * once.
 */
final class ConfigReader {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Read by this class. */
    private static final Set<String> KNOWN = Set.of(
            "model_type",
            "architectures",
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
            "hidden_act",
            "max_position_embeddings",
            "rms_norm_eps",
            "rope_theta",
            "rope_parameters",
            "rope_scaling",
            "partial_rotary_factor",
            "tie_word_embeddings",
            "attention_bias",
            "attention_dropout",
            "mlp_bias",
            "sliding_window",
            "use_sliding_window",
            "layer_types",
            "bos_token_id",
            "eos_token_id");

    /** Without any influence on what the model computes. */
    private static final Set<String> HARMLESS = Set.of(
            "_name_or_path",
            "_attn_implementation_autoset",
            "dtype",
            "initializer_range",
            "is_llama_config",
            "max_window_layers",
            "output_attentions",
            "output_hidden_states",
            "pad_token_id",
            "pretraining_tp",
            "return_dict",
            "tokenizer_class",
            "torch_dtype",
            "transformers_version",
            "transformers.js_config",
            "use_cache");

    private final JsonNode root;
    private final List<String> faults = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    private ConfigReader(JsonNode root) {
        this.root = root;
    }

    /** A model's shape, and what the user should know about how it was read. */
    record Result(LlamaShape shape, List<String> notes) {}

    static Result read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new InvalidFileException("there is no " + file.getFileName() + " in " + file.getParent()
                    + ": not the folder of a Hugging Face model");
        }
        JsonNode root;
        try {
            root = JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException problem) {
            throw new InvalidFileException(file + " is not valid JSON: " + problem.getOriginalMessage(), problem);
        }
        ConfigReader reader = new ConfigReader(root);
        LlamaShape shape = reader.shape();
        if (!reader.faults.isEmpty()) {
            throw new InvalidFileException(
                    file + " describes a model that Braid does not have:\n  " + String.join("\n  ", reader.faults));
        }
        return new Result(shape, List.copyOf(reader.notes));
    }

    private LlamaShape shape() {
        ModelType type = type();
        if (type == null) {
            return null;
        }
        requireRepresentable(type);
        int vocab = required("vocab_size");
        int dim = required("hidden_size");
        int hidden = required("intermediate_size");
        int layers = required("num_hidden_layers");
        int heads = required("num_attention_heads");
        int context = required("max_position_embeddings");
        // The Qwen types have figures of their own for what is missing; Llama derives it.
        int kvHeads =
                type == ModelType.LLAMA ? positive("num_key_value_heads", heads) : required("num_key_value_heads");
        int headSize = headSize(type, dim, heads);
        double epsilon = number(root, "rms_norm_eps", 1e-6);
        double base = ropeBase();
        boolean tied = flag("tie_word_embeddings");
        OptionalInt eos = token("eos_token_id", type == ModelType.LLAMA ? OptionalInt.of(2) : OptionalInt.empty());
        OptionalInt bos = token("bos_token_id", type == ModelType.LLAMA ? OptionalInt.of(1) : OptionalInt.empty());
        if (!faults.isEmpty()) {
            return null;
        }
        boolean bias = type == ModelType.QWEN2;
        boolean norm = type == ModelType.QWEN3;
        try {
            return new LlamaShape(
                    vocab, dim, layers, heads, kvHeads, headSize, hidden, context, base, epsilon, tied, bias, norm, eos,
                    bos);
        } catch (IllegalArgumentException problem) {
            faults.add(problem.getMessage());
            return null;
        }
    }

    private ModelType type() {
        String value = root.path("model_type").asText();
        for (ModelType type : ModelType.values()) {
            if (type.key().equals(value)) {
                requireArchitecture(type);
                return type;
            }
        }
        faults.add("model_type: " + shown("model_type") + " is not supported; allowed are llama, qwen2, qwen3");
        return null;
    }

    private void requireArchitecture(ModelType type) {
        JsonNode names = root.path("architectures");
        boolean fits = !set("architectures")
                || names.isArray()
                        && names.size() == 1
                        && type.architecture().equals(names.get(0).textValue());
        if (!fits) {
            faults.add("architectures: " + names + " is not supported; model_type " + type.key() + " must be a "
                    + type.architecture());
        }
    }

    private void requireRepresentable(ModelType type) {
        if (set("hidden_act") && !"silu".equals(root.get("hidden_act").textValue())) {
            faults.add("hidden_act: " + shown("hidden_act") + " is not supported; allowed is \"silu\"");
        }
        if (flag("attention_bias")) {
            faults.add("attention_bias: true puts biases on all four projections, which Braid does not have; "
                    + "allowed is false");
        }
        if (flag("mlp_bias")) {
            faults.add("mlp_bias: true is not supported; allowed is false");
        }
        if (flag("use_sliding_window")) {
            faults.add("use_sliding_window: true is not supported; allowed is false");
        }
        // The Qwen types write a window even when they do not use it.
        if (type == ModelType.LLAMA && set("sliding_window")) {
            faults.add("sliding_window: " + shown("sliding_window") + " is not supported; allowed is null");
        }
        for (JsonNode layer : root.path("layer_types")) {
            if (!"full_attention".equals(layer.textValue())) {
                faults.add("layer_types: " + layer + " is not supported; allowed is \"full_attention\"");
                break;
            }
        }
        if (number(root, "attention_dropout", 0) != 0) {
            notes.add("attention_dropout " + shown("attention_dropout") + " is left out: Braid trains without dropout");
        }
        requireKnownKeys();
    }

    private void requireKnownKeys() {
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            String key = entry.getKey();
            boolean off = entry.getValue().isNull()
                    || entry.getValue().equals(JSON.getNodeFactory().booleanNode(false));
            if (!off && !KNOWN.contains(key) && !HARMLESS.contains(key)) {
                faults.add(key + ": " + entry.getValue() + " is not a key that Braid knows; if it does not change what "
                        + "the model computes, remove it from the file");
            }
        }
    }

    private int headSize(ModelType type, int dim, int heads) {
        if (set("head_dim")) {
            return positive("head_dim", 1);
        }
        if (type == ModelType.QWEN3) {
            faults.add("head_dim: missing; a qwen3 must have it");
            return 1;
        }
        if (heads > 0 && dim % heads != 0) {
            faults.add("num_attention_heads: " + heads + " does not divide hidden_size " + dim
                    + ", and there is no head_dim");
        }
        return dim / Math.max(heads, 1);
    }

    private double ropeBase() {
        requireDefaultRope("rope_scaling", Set.of("type", "rope_type"));
        requireDefaultRope("rope_parameters", Set.of("type", "rope_type", "rope_theta", "partial_rotary_factor"));
        JsonNode parameters = root.path("rope_parameters");
        if (number(root, "partial_rotary_factor", 1) != 1 || number(parameters, "partial_rotary_factor", 1) != 1) {
            faults.add("partial_rotary_factor: only 1 is supported");
        }
        double outer = number(root, "rope_theta", Double.NaN);
        double inner = number(parameters, "rope_theta", Double.NaN);
        if (!Double.isNaN(outer) && !Double.isNaN(inner) && outer != inner) {
            faults.add("rope_theta: " + outer + " differs from rope_parameters.rope_theta: " + inner);
        }
        double base = Double.isNaN(inner) ? outer : inner;
        return Double.isNaN(base) ? 10000 : base;
    }

    private void requireDefaultRope(String key, Set<String> known) {
        if (!set(key)) {
            return;
        }
        JsonNode node = root.get(key);
        if (!node.isObject()) {
            faults.add(key + ": " + node + " must be an object or null");
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            boolean kind = entry.getKey().equals("type") || entry.getKey().equals("rope_type");
            if (kind && !"default".equals(entry.getValue().textValue())) {
                faults.add(key + "." + entry.getKey() + ": " + entry.getValue()
                        + " is not supported; allowed is \"default\"");
            } else if (!known.contains(entry.getKey())) {
                faults.add(key + "." + entry.getKey() + ": " + entry.getValue() + " is not supported");
            }
        }
    }

    private OptionalInt token(String key, OptionalInt otherwise) {
        if (!root.has(key)) {
            return otherwise;
        }
        JsonNode node = root.get(key);
        if (node.isArray() && !node.isEmpty()) {
            if (node.size() > 1) {
                notes.add(key + " has the ids " + node + "; Braid keeps the first");
            }
            node = node.get(0);
        }
        if (node.isNull()) {
            return OptionalInt.empty();
        }
        if (!node.isInt()) {
            faults.add(key + ": " + root.get(key) + " must be a token id");
            return OptionalInt.empty();
        }
        return OptionalInt.of(node.intValue());
    }

    private boolean set(String key) {
        return root.hasNonNull(key);
    }

    private boolean flag(String key) {
        if (set(key) && !root.get(key).isBoolean()) {
            faults.add(key + ": " + shown(key) + " must be true or false");
        }
        return root.path(key).asBoolean(false);
    }

    private int required(String key) {
        if (!set(key)) {
            faults.add(key + ": missing");
            return 1;
        }
        return positive(key, 1);
    }

    private int positive(String key, int otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        if (!root.get(key).isInt() || root.get(key).intValue() < 1) {
            faults.add(key + ": " + shown(key) + " must be an integer of 1 or more");
            return 1;
        }
        return root.get(key).intValue();
    }

    private double number(JsonNode node, String key, double otherwise) {
        if (!node.hasNonNull(key)) {
            return otherwise;
        }
        if (!node.get(key).isNumber()) {
            faults.add(key + ": " + node.get(key) + " must be a number");
            return otherwise;
        }
        return node.get(key).doubleValue();
    }

    private String shown(String key) {
        return root.has(key) ? root.get(key).toString() : "missing";
    }
}
