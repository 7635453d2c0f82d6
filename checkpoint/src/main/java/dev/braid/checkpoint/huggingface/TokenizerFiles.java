package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The files of a tokenizer in a Hugging Face folder, by name. */
public final class TokenizerFiles {
    /** The file that alone is enough. */
    public static final String TOKENIZER = "tokenizer.json";

    static final String CONFIG = "tokenizer_config.json";

    /** All names that transformers gives to a tokenizer's files. */
    static final List<String> NAMES = List.of(
            TOKENIZER,
            CONFIG,
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "tokenizer.model",
            "chat_template.jinja");

    private TokenizerFiles() {}

    /** Those of the tokenizer's files that {@code folder} has, by name; none when there is no such folder. */
    public static Map<String, byte[]> read(Path folder) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : NAMES) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                files.put(name, Files.readAllBytes(file));
            }
        }
        return files;
    }

    /**
     * {@code files}, with a {@code tokenizer_config.json} when there is only the {@code tokenizer.json}: transformers
     * needs both.
     */
    static Map<String, byte[]> completed(Map<String, byte[]> files, HuggingFaceModel model) throws IOException {
        if (!files.containsKey(TOKENIZER) || files.containsKey(CONFIG)) {
            return files;
        }
        JsonNode tokenizer;
        try {
            tokenizer = new ObjectMapper().readTree(files.get(TOKENIZER));
        } catch (JsonProcessingException problem) {
            throw new InvalidFileException(TOKENIZER + " is not valid JSON: " + problem.getOriginalMessage(), problem);
        }
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("model_max_length", model.context());
        config.put("clean_up_tokenization_spaces", false);
        putToken(config, "bos_token", tokenizer, model.bos());
        putToken(config, "eos_token", tokenizer, model.eos());
        Map<String, byte[]> all = new LinkedHashMap<>(files);
        all.put(CONFIG, (config.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
        return all;
    }

    private static void putToken(ObjectNode config, String key, JsonNode tokenizer, OptionalInt id) {
        for (JsonNode token : tokenizer.path("added_tokens")) {
            if (id.isPresent() && token.path("id").asInt(-1) == id.getAsInt()) {
                config.put(key, token.path("content").asText());
            }
        }
    }
}
