package dev.braid.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.data.DataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a {@code tokenizer.json} of the byte-level BPE family: GPT-2, Llama 3, Qwen, Braid's own. What it can't carry out exactly it
 * refuses, naming the field. Post-processors are passed over, because ids are given without added tokens.
 */
public final class TokenizerJson {
    /** File name of a tokenizer. */
    public static final String FILE = "tokenizer.json";

    /** File name of what transformers wants to know beside it. */
    public static final String CONFIG_FILE = "tokenizer_config.json";

    /** The end of text in tokenizers of ours. */
    static final String END_OF_TEXT = "<|endoftext|>";

    private static final List<String> ENDS_OF_TEXT =
            List.of(END_OF_TEXT, "<|end_of_text|>", "</s>", "<|end▁of▁sentence|>", "<｜end▁of▁sentence｜>", "<eos>");
    private static final int BYTES = 256;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String place;
    private final JsonNode root;

    private TokenizerJson(String place, JsonNode root) {
        this.place = place;
        this.root = root;
    }

    /**
     * Loads a tokenizer from this machine.
     *
     * @param path a {@code tokenizer.json}, or the folder that holds it; {@code tokenizer_config.json} beside it names the end of text
     * @throws DataException when it is missing or is not a byte-level BPE that can be carried out exactly
     */
    public static Tokenizer load(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
        Path config = file.resolveSibling(CONFIG_FILE);
        if (!Files.exists(file)) {
            throw new DataException(
                    "no tokenizer at " + file + "; give the path of a tokenizer.json or of the folder that holds one");
        }
        try {
            byte[] json = Files.readAllBytes(file);
            return parse(file.toString(), json, Files.exists(config) ? Files.readAllBytes(config) : null);
        } catch (IOException problem) {
            throw new DataException("can't read the tokenizer " + file + ": " + problem.getMessage(), problem);
        }
    }

    /**
     * Reads a tokenizer.
     *
     * @param place where it is from, for messages
     * @param json content of {@code tokenizer.json}
     * @param config content of {@code tokenizer_config.json}; null without
     */
    public static Tokenizer parse(String place, byte[] json, byte[] config) {
        return new TokenizerJson(place, tree(place, json)).tokenizer(json, config);
    }

    private static JsonNode tree(String place, byte[] json) {
        try {
            JsonNode root = JSON.readTree(json);
            if (root != null && root.isObject()) {
                return root;
            }
        } catch (IOException problem) {
            throw new DataException(place + " is not JSON: " + problem.getMessage(), problem);
        }
        throw new DataException(
                place + " is not a JSON object; a tokenizer.json of Hugging Face's tokenizers library is needed");
    }

    private Tokenizer tokenizer(byte[] json, byte[] config) {
        requireNull("truncation");
        boolean composed = composed();
        WordSplitter splitter = new SplitterJson(place).read(root.path("pre_tokenizer"));
        List<AddedToken> added = added();
        BpeModel model = model(added);
        int endOfText = endOfText(model, added, config);
        Map<String, byte[]> files = new HashMap<>();
        files.put(FILE, json);
        files.put(CONFIG_FILE, config == null ? minimalConfig(model, endOfText) : config);
        return new BpeTokenizer(model, splitter, composed, added, endOfText, files);
    }

    private DataException refuse(String field, String found, String allowed) {
        return new DataException(
                place + ": " + field + " is " + found + "; allowed here: " + allowed
                        + ". Braid carries out byte-level BPE (as of GPT-2, Llama 3, Qwen) and refuses what it would encode differently");
    }

    private void requireNull(String field) {
        if (isPresent(root.path(field))) {
            throw refuse(field, brief(root.get(field)), "null");
        }
    }

    private static boolean isPresent(JsonNode node) {
        return !node.isMissingNode() && !node.isNull();
    }

    static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 80 ? text : text.substring(0, 77) + "...";
    }

    private boolean composed() {
        JsonNode normalizer = root.path("normalizer");
        if (!isPresent(normalizer)) {
            return false;
        }
        boolean sequence = normalizer.path("type").asText().equals("Sequence");
        List<JsonNode> steps = new ArrayList<>();
        if (sequence) {
            normalizer.path("normalizers").forEach(steps::add);
        } else {
            steps.add(normalizer);
        }
        for (JsonNode step : steps) {
            if (!step.path("type").asText().equals("NFC")) {
                throw refuse("normalizer", brief(normalizer), "null or NFC");
            }
        }
        return !steps.isEmpty();
    }

    private List<AddedToken> added() {
        List<AddedToken> added = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            for (String flag : List.of("lstrip", "rstrip", "single_word")) {
                if (token.path(flag).asBoolean()) {
                    throw refuse(flag + " of the added token " + token.path("content"), "true", "false");
                }
            }
            added.add(new AddedToken(
                    id("added token " + token.path("content"), token.path("id")),
                    token.path("content").asText(),
                    token.path("special").asBoolean(),
                    token.path("normalized").asBoolean()));
        }
        return added;
    }

    private int id(String what, JsonNode node) {
        if (!node.canConvertToInt() || node.intValue() < 0) {
            throw refuse("the id of " + what, brief(node), "a whole number from 0");
        }
        return node.intValue();
    }

    private BpeModel model(List<AddedToken> added) {
        JsonNode model = root.path("model");
        requireBpe(model);
        Map<String, Integer> vocabulary = new HashMap<>();
        model.path("vocab").properties().forEach(entry -> {
            vocabulary.put(entry.getKey(), id("'" + entry.getKey() + "'", entry.getValue()));
        });
        byte[][] tokens = tokens(vocabulary, added);
        int[] byteIds = new int[BYTES];
        for (int value = 0; value < BYTES; value++) {
            Integer id = vocabulary.get(ByteAlphabet.symbol(value));
            if (id == null) {
                throw refuse(
                        "model.vocab",
                        String.format("without the byte 0x%02X", value),
                        "a vocabulary with all 256 bytes");
            }
            byteIds[value] = id;
        }
        JsonNode merges = model.path("merges");
        PairTable ranks = new PairTable(merges.size());
        int[] merged = merges(merges, vocabulary, ranks);
        return new BpeModel(tokens, byteIds, ranks, merged, wholeWords(model, vocabulary));
    }

    private void requireBpe(JsonNode model) {
        String type = model.path("type").asText("BPE");
        if (!type.equals("BPE")
                || !model.path("vocab").isObject()
                || !model.path("merges").isArray()) {
            throw refuse(
                    "model.type",
                    "'" + type + "' with vocab " + kind(model.path("vocab")),
                    "BPE with vocab and merges");
        }
        if (isPresent(model.path("dropout")) && model.path("dropout").asDouble() != 0) {
            throw refuse("model.dropout", brief(model.path("dropout")), "null or 0");
        }
        if (model.path("byte_fallback").asBoolean()) {
            throw refuse("model.byte_fallback", "true (a SentencePiece vocabulary)", "false");
        }
        for (String field : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.path(field).asText("").isEmpty() && isPresent(model.path(field))) {
                throw refuse("model." + field, brief(model.path(field)), "null or empty");
            }
        }
    }

    private static String kind(JsonNode node) {
        return node.getNodeType().toString().toLowerCase(java.util.Locale.ROOT);
    }

    private static byte[][] tokens(Map<String, Integer> vocabulary, List<AddedToken> added) {
        int most = 0;
        for (int id : vocabulary.values()) {
            most = Math.max(most, id);
        }
        for (AddedToken token : added) {
            most = Math.max(most, token.id());
        }
        byte[][] tokens = new byte[most + 1][];
        vocabulary.forEach((symbols, id) -> tokens[id] = ByteAlphabet.bytes(symbols));
        for (AddedToken token : added) {
            tokens[token.id()] = token.content().getBytes(StandardCharsets.UTF_8);
        }
        return tokens;
    }

    private int[] merges(JsonNode merges, Map<String, Integer> vocabulary, PairTable ranks) {
        int[] merged = new int[merges.size()];
        for (int rank = 0; rank < merged.length; rank++) {
            JsonNode merge = merges.get(rank);
            String[] parts = merge.isArray() && merge.size() == 2
                    ? new String[] {merge.get(0).asText(), merge.get(1).asText()}
                    : merge.asText().split(" ", -1);
            Integer left = parts.length == 2 ? vocabulary.get(parts[0]) : null;
            Integer right = parts.length == 2 ? vocabulary.get(parts[1]) : null;
            Integer both = left == null || right == null ? null : vocabulary.get(parts[0] + parts[1]);
            if (both == null) {
                throw refuse(
                        "model.merges[" + rank + "]",
                        brief(merge),
                        "two tokens whose parts and whole are in model.vocab");
            }
            ranks.put(PairTable.pair(left, right), rank);
            merged[rank] = both;
        }
        return merged;
    }

    /** Keys are the bytes as Latin-1, which costs one byte a character. */
    private static Map<String, Integer> wholeWords(JsonNode model, Map<String, Integer> vocabulary) {
        if (!model.path("ignore_merges").asBoolean()) {
            return null;
        }
        Map<String, Integer> words = new HashMap<>();
        vocabulary.forEach(
                (symbols, id) -> words.put(new String(ByteAlphabet.bytes(symbols), StandardCharsets.ISO_8859_1), id));
        return words;
    }

    private int endOfText(BpeModel model, List<AddedToken> added, byte[] config) {
        Map<String, Integer> known = AddedTokens.byContent(added);
        if (config != null) {
            JsonNode named =
                    tree(place + " (" + CONFIG_FILE + " beside it)", config).path("eos_token");
            String name = named.isObject() ? named.path("content").asText() : named.asText("");
            if (isPresent(named) && !name.isEmpty()) {
                return endOfText(model, known, name);
            }
        }
        for (String name : ENDS_OF_TEXT) {
            if (known.containsKey(name)) {
                return known.get(name);
            }
        }
        throw new DataException(place + ": no end of text is known; name it as \"eos_token\" in a " + CONFIG_FILE
                + " beside it, or add one of " + String.join(", ", ENDS_OF_TEXT) + " to added_tokens");
    }

    private int endOfText(BpeModel model, Map<String, Integer> known, String name) {
        if (known.containsKey(name)) {
            return known.get(name);
        }
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        for (int id = 0; id < model.size(); id++) {
            if (java.util.Arrays.equals(bytes, model.tokens()[id])) {
                return id;
            }
        }
        throw new DataException(
                place + ": eos_token '" + name + "' of " + CONFIG_FILE + " is not among its tokens; correct the name");
    }

    private static byte[] minimalConfig(BpeModel model, int endOfText) {
        String name = new String(model.tokens()[endOfText], StandardCharsets.UTF_8);
        return JSON.createObjectNode()
                .put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("eos_token", name)
                .put("clean_up_tokenization_spaces", false)
                .toPrettyString()
                .getBytes(StandardCharsets.UTF_8);
    }
}
