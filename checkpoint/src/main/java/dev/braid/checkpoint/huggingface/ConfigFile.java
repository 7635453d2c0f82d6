package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.braid.checkpoint.InvalidFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A {@code config.json} that is read strictly. A key is known when it was asked for; {@link #conclude} refuses all others that are
 * set, and reports every fault at once: nothing is passed over that might change the figures. Used by one thread.
 */
public final class ConfigFile {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // Python writes Infinity
            .build();

    /** Without any influence on what a model computes, whatever its type. */
    private static final Set<String> HARMLESS = Set.of(
            "_name_or_path",
            "_attn_implementation_autoset",
            "dtype",
            "initializer_range",
            "output_attentions",
            "output_hidden_states",
            "pad_token_id",
            "return_dict",
            "tokenizer_class",
            "torch_dtype",
            "transformers_version",
            "transformers.js_config",
            "use_cache");

    private final String path;
    private final String prefix;
    private final JsonNode root;
    private final Set<String> known = new LinkedHashSet<>();
    private final Map<String, ConfigFile> inner = new LinkedHashMap<>();
    private final List<String> faults;
    private final List<String> notes;

    private ConfigFile(String path, String prefix, JsonNode root, List<String> faults, List<String> notes) {
        this.path = path;
        this.prefix = prefix;
        this.root = root;
        this.faults = faults;
        this.notes = notes;
    }

    /**
     * Reads {@code config.json} in {@code folder}. Throws {@link InvalidFileException} when there is none or when it is not an
     * object of JSON.
     */
    public static ConfigFile read(Path folder) throws IOException {
        Path file = folder.resolve("config.json");
        if (!Files.isDirectory(folder)) {
            throw new InvalidFileException("there is no folder " + folder);
        }
        if (!Files.isRegularFile(file)) {
            throw new InvalidFileException(
                    "there is no config.json in " + folder + ": not the folder of a Hugging Face model");
        }
        return parse(file.toString(), Files.readString(file));
    }

    /** Reads {@code text}, which messages call {@code path}. */
    public static ConfigFile parse(String path, String text) throws InvalidFileException {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException problem) {
            throw new InvalidFileException(path + " is not valid JSON: " + problem.getOriginalMessage(), problem);
        }
        if (!root.isObject()) {
            throw new InvalidFileException(path + " is not a JSON object");
        }
        return new ConfigFile(path, "", root, new ArrayList<>(), new ArrayList<>());
    }

    /** The value of {@code model_type}; empty when it is missing or no text. */
    public String type() {
        known.add("model_type");
        return root.path("model_type").asText("");
    }

    /** Refuses any {@code architectures} but {@code architecture}. */
    public void requireArchitecture(String architecture) {
        JsonNode names = node("architectures");
        boolean fits = !set("architectures")
                || names.isArray()
                        && names.size() == 1
                        && architecture.equals(names.get(0).textValue());
        if (!fits) {
            fault("architectures", names + " is not supported; model_type " + type() + " must be a " + architecture);
        }
    }

    /** Whether {@code key} has a value other than null. */
    public boolean set(String key) {
        known.add(key);
        return root.hasNonNull(key);
    }

    /** Whether {@code key} is written, be it as null. */
    public boolean written(String key) {
        known.add(key);
        return root.has(key);
    }

    /** The value of {@code key}; a missing node when it has none. */
    public JsonNode node(String key) {
        known.add(key);
        return root.path(key);
    }

    /** The value of {@code key} as it is written, for a message. */
    public String shown(String key) {
        return written(key) ? root.get(key).toString() : "missing";
    }

    /** Keys that do not change what the model computes. */
    public void ignore(String... keys) {
        known.addAll(Arrays.asList(keys));
    }

    /** An integer of 1 or more that must be there; 1 with a fault when it is not. */
    public int count(String key) {
        if (!set(key)) {
            fault(key, "missing");
            return 1;
        }
        return count(key, 1);
    }

    /** An integer of 1 or more, or {@code otherwise} when it is missing or null. */
    public int count(String key, int otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        if (!root.get(key).isInt() || root.get(key).intValue() < 1) {
            fault(key, shown(key) + " must be an integer of 1 or more");
            return 1;
        }
        return root.get(key).intValue();
    }

    /** A number, or {@code otherwise} when it is missing or null. */
    public double number(String key, double otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        if (!root.get(key).isNumber()) {
            fault(key, shown(key) + " must be a number");
            return otherwise;
        }
        return root.get(key).doubleValue();
    }

    /** True or false, or {@code otherwise} when it is missing or null. */
    public boolean flag(String key, boolean otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        if (!root.get(key).isBoolean()) {
            fault(key, shown(key) + " must be true or false");
        }
        return root.get(key).asBoolean(otherwise);
    }

    /** A text, or {@code otherwise} when it is missing or null. */
    public String text(String key, String otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        if (!root.get(key).isTextual()) {
            fault(key, shown(key) + " must be a text");
            return otherwise;
        }
        return root.get(key).textValue();
    }

    /** An array of numbers, or {@code otherwise} when it is missing or null. */
    public List<Double> numbers(String key, List<Double> otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        List<Double> numbers = new ArrayList<>();
        boolean fits = root.get(key).isArray();
        for (JsonNode entry : root.get(key)) {
            // Version 5 of transformers writes {"__float__": "Infinity"}.
            boolean infinite = "Infinity".equals(entry.path("__float__").textValue());
            fits &= entry.isNumber() || infinite;
            numbers.add(infinite ? Double.POSITIVE_INFINITY : entry.asDouble());
        }
        if (!fits) {
            fault(key, shown(key) + " must be an array of numbers");
            return otherwise;
        }
        return numbers;
    }

    /** An array of texts, or {@code otherwise} when it is missing or null. */
    public List<String> texts(String key, List<String> otherwise) {
        if (!set(key)) {
            return otherwise;
        }
        List<String> texts = new ArrayList<>();
        boolean fits = root.get(key).isArray();
        for (JsonNode entry : root.get(key)) {
            fits &= entry.isTextual();
            texts.add(entry.asText());
        }
        if (!fits) {
            fault(key, shown(key) + " must be an array of texts");
            return otherwise;
        }
        return texts;
    }

    /** An object, empty when it is missing or null. Its keys are read as strictly as those around it. */
    public ConfigFile object(String key) {
        JsonNode node = node(key);
        if (set(key) && !node.isObject()) {
            fault(key, node + " must be an object or null");
        }
        return inner.computeIfAbsent(
                key,
                name -> new ConfigFile(
                        path,
                        prefix + name + ".",
                        node.isObject() ? node : JsonNodeFactory.instance.objectNode(),
                        faults,
                        notes));
    }

    /** A token id; of several the first, with a note. {@code otherwise} when the key is missing, none when it is null. */
    public OptionalInt token(String key, OptionalInt otherwise) {
        if (!written(key)) {
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
            fault(key, root.get(key) + " must be a token id");
            return OptionalInt.empty();
        }
        return OptionalInt.of(node.intValue());
    }

    /** Refuses any value of {@code key} but those {@code allowed}, null and none at all. */
    public void require(String key, Object... allowed) {
        List<JsonNode> nodes = Arrays.stream(allowed).map(ConfigFile::json).toList();
        if (set(key) && !nodes.contains(root.get(key))) {
            String words = nodes.isEmpty()
                    ? "null"
                    : nodes.stream().map(JsonNode::toString).collect(Collectors.joining(", "));
            fault(key, shown(key) + " is not supported; allowed " + (nodes.size() > 1 ? "are " : "is ") + words);
        }
    }

    private static JsonNode json(Object value) {
        return JSON.valueToTree(value);
    }

    /** Notes that a share of dropout is left out. */
    public void noteDropout(String key) {
        if (number(key, 0) != 0) {
            notes.add(prefix + key + " " + shown(key) + " is left out: Braid trains without dropout");
        }
    }

    /** Adds a fault of {@code key}. Asking twice for a value that is wrong gives one fault. */
    public void fault(String key, String message) {
        fault(prefix + key + ": " + message);
    }

    /** Adds a fault that no single key has. */
    public void fault(String message) {
        if (!faults.contains(message)) {
            faults.add(message);
        }
    }

    /** Whether what was read so far has faults. */
    public boolean faulty() {
        return !faults.isEmpty();
    }

    /** Adds what the user should know, one sentence. */
    public void note(String message) {
        notes.add(message);
    }

    /** The file, as messages call it. */
    public String path() {
        return path;
    }

    /** What the user should know about how the file was read, one sentence each. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** Throws {@link InvalidFileException} with all faults, keys that nobody asked for included, unless there are none. */
    public void conclude() throws InvalidFileException {
        addUnknown();
        if (!faults.isEmpty()) {
            throw refusal();
        }
    }

    /** An exception with the faults that there are. */
    public InvalidFileException refusal() {
        return new InvalidFileException(
                path + " describes a model that Braid does not have:\n  " + String.join("\n  ", faults));
    }

    private void addUnknown() {
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            String key = entry.getKey();
            JsonNode value = entry.getValue();
            boolean off = value.isNull() || value.isBoolean() && !value.booleanValue();
            if (off || known.contains(key)) {
                continue;
            }
            if (!prefix.isEmpty()) {
                fault(key, value + " is not supported");
            } else if (!HARMLESS.contains(key)) {
                fault(
                        key,
                        value
                                + " is not a key that Braid knows; if it does not change what the model computes, remove it"
                                + " from the file");
            }
        }
        inner.values().forEach(ConfigFile::addUnknown);
    }
}
