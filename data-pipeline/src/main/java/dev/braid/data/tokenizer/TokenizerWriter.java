package dev.braid.data.tokenizer;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/**
 * Writes the files by which Hugging Face's {@code tokenizers} and {@code transformers} load a tokenizer of ours: the 256 bytes with
 * the ids 0 to 255, the merges in order, and the end of text last.
 */
final class TokenizerWriter {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BYTES = 256;

    private TokenizerWriter() {}

    /** Both files, by name. */
    static Map<String, byte[]> files(List<Merge> merges) {
        return Map.of(TokenizerJson.FILE, tokenizer(merges), TokenizerJson.CONFIG_FILE, config());
    }

    private static byte[] tokenizer(List<Merge> merges) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ObjectNode model = JSON.createObjectNode();
        int endOfText = model(model, merges);
        root.putArray("added_tokens")
                .addObject()
                .put("id", endOfText)
                .put("content", TokenizerJson.END_OF_TEXT)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
        root.putNull("normalizer");
        byteLevel(root.putObject("pre_tokenizer"), false);
        root.putNull("post_processor");
        byteLevel(root.putObject("decoder"), true);
        root.set("model", model);
        return bytes(root);
    }

    private static void byteLevel(ObjectNode node, boolean addPrefixSpace) {
        node.put("type", "ByteLevel")
                .put("add_prefix_space", addPrefixSpace)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /** Fills in the model and answers the id of the end of text. */
    private static int model(ObjectNode model, List<Merge> merges) {
        model.put("type", "BPE").putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int value = 0; value < BYTES; value++) {
            vocabulary.put(ByteAlphabet.symbol(value), value);
        }
        ArrayNode pairs = model.putArray("merges");
        for (Merge merge : merges) {
            String left = ByteAlphabet.symbols(merge.left());
            String right = ByteAlphabet.symbols(merge.right());
            pairs.add(left + " " + right);
            if (!vocabulary.has(left + right)) {
                vocabulary.put(left + right, vocabulary.size());
            }
        }
        int endOfText = vocabulary.size();
        vocabulary.put(TokenizerJson.END_OF_TEXT, endOfText);
        return endOfText;
    }

    private static byte[] config() {
        ObjectNode root = JSON.createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("eos_token", TokenizerJson.END_OF_TEXT)
                .put("clean_up_tokenization_spaces", false);
        root.putArray("model_input_names").add("input_ids").add("attention_mask");
        return bytes(root);
    }

    private static byte[] bytes(ObjectNode root) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator generator = JSON.getFactory().createGenerator(out).useDefaultPrettyPrinter()) {
            JSON.writeTree(generator, root);
        } catch (IOException impossible) {
            throw new UncheckedIOException("writing to memory failed", impossible);
        }
        return out.toByteArray();
    }
}
