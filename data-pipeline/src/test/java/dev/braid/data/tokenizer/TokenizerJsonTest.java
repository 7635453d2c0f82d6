package dev.braid.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.data.DataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TokenizerJsonTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String WHY =
            ". Braid carries out byte-level BPE (as of GPT-2, Llama 3, Qwen) and refuses what it would encode differently";

    private static Tokenizer changed(Consumer<ObjectNode> change) throws IOException {
        return changed(change, null);
    }

    private static Tokenizer changed(Consumer<ObjectNode> change, String config) throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(BpeTokenizerTest.files().get(TokenizerJson.FILE));
        change.accept(root);
        byte[] configBytes = config == null ? null : config.getBytes(StandardCharsets.UTF_8);
        return TokenizerJson.parse("t.json", JSON.writeValueAsBytes(root), configBytes);
    }

    private static void assertRefused(Consumer<ObjectNode> change, String message) {
        assertThatThrownBy(() -> changed(change))
                .isInstanceOf(DataException.class)
                .hasMessage("t.json: " + message + WHY);
    }

    private static ObjectNode model(ObjectNode root) {
        return (ObjectNode) root.get("model");
    }

    private static ObjectNode added(ObjectNode root) {
        return (ObjectNode) root.get("added_tokens").get(0);
    }

    private static void split(ObjectNode root, String regex, String behavior) {
        ObjectNode split = JSON.createObjectNode().put("type", "Split").put("behavior", behavior);
        split.putObject("pattern").put("Regex", regex);
        ObjectNode bytes = JSON.createObjectNode().put("type", "ByteLevel").put("add_prefix_space", false);
        root.putObject("pre_tokenizer")
                .put("type", "Sequence")
                .putArray("pretokenizers")
                .add(split)
                .add(bytes);
    }

    @Test
    void shouldRefuseWhenTheModelIsNotBpe() {
        assertRefused(
                root -> model(root).put("type", "Unigram").putArray("vocab"),
                "model.type is 'Unigram' with vocab array; allowed here: BPE with vocab and merges");
    }

    @Test
    void shouldRefuseWhenTheModelFallsBackToBytes() {
        assertRefused(
                root -> model(root).put("byte_fallback", true),
                "model.byte_fallback is true (a SentencePiece vocabulary); allowed here: false");
    }

    @Test
    void shouldRefuseWhenTheModelHasAffixesOrDropout() {
        assertRefused(
                root -> model(root).put("end_of_word_suffix", "</w>"),
                "model.end_of_word_suffix is \"</w>\"; allowed here: null or empty");
        assertRefused(
                root -> model(root).put("continuing_subword_prefix", "##"),
                "model.continuing_subword_prefix is \"##\"; allowed here: null or empty");
        assertRefused(root -> model(root).put("dropout", 0.1), "model.dropout is 0.1; allowed here: null or 0");
    }

    @Test
    void shouldRefuseWhenTextWouldBeCut() {
        assertRefused(
                root -> root.putObject("truncation").put("max_length", 5),
                "truncation is {\"max_length\":5}; allowed here: null");
    }

    @Test
    void shouldRefuseWhenTheNormalizerIsUnknown() {
        assertRefused(
                root -> root.putObject("normalizer").put("type", "Lowercase"),
                "normalizer is {\"type\":\"Lowercase\"}; allowed here: null or NFC");
    }

    @Test
    void shouldComposeWhenTheNormalizerIsNfc() throws IOException {
        Tokenizer tokenizer = changed(root -> root.putObject("normalizer").put("type", "NFC"));
        assertThat(tokenizer.encode("e\u0301")).containsExactly(265);
        TokenBuffer out = new TokenBuffer();
        tokenizer.encoder().encode("e\u0301".getBytes(StandardCharsets.UTF_8), 3, out);
        assertThat(out.toArray()).containsExactly(265);
    }

    @Test
    void shouldRefuseWhenThePreTokenizerIsUnknown() {
        assertRefused(
                root -> root.putObject("pre_tokenizer").put("type", "Whitespace"),
                "pre_tokenizer is {\"type\":\"Whitespace\"}; allowed here: ByteLevel, or a Sequence of Split and Digits that ends with"
                        + " ByteLevel");
        assertRefused(
                root -> ((ObjectNode) root.get("pre_tokenizer")).put("add_prefix_space", true),
                "pre_tokenizer is ByteLevel with add_prefix_space true; allowed here: add_prefix_space false");
    }

    @Test
    void shouldRefuseWhenASplitMergesOrItsPatternIsUnsure() {
        assertRefused(
                root -> split(root, "\\s+", "MergedWithNext"),
                "pre_tokenizer is Split with behavior MergedWithNext and invert false; allowed here: Isolated, or Removed with invert"
                        + " true");
        assertRefused(
                root -> split(root, "a|\\w+", "Isolated"),
                "pre_tokenizer is Split by a pattern with '\\w+' at 2; allowed here: patterns that Java's regex engine reads in the"
                        + " same way");
    }

    @Test
    void shouldRefuseWhenASequenceHasAnUnknownStep() {
        assertRefused(
                root -> {
                    ArrayNode steps = root.putObject("pre_tokenizer")
                            .put("type", "Sequence")
                            .putArray("pretokenizers");
                    steps.addObject().put("type", "Punctuation");
                    steps.addObject().put("type", "ByteLevel").put("add_prefix_space", false);
                },
                "pre_tokenizer is a Sequence with {\"type\":\"Punctuation\"}; allowed here: Split and Digits before ByteLevel");
    }

    @Test
    void shouldRefuseWhenAPatternCantBeRead() {
        assertThatThrownBy(() -> changed(root -> split(root, "(a", "Isolated")))
                .hasMessage("t.json: pre_tokenizer has a pattern that can't be read: Unclosed group");
    }

    @Test
    void shouldRefuseWhenAnAddedTokenEatsSpace() {
        assertRefused(
                root -> added(root).put("lstrip", true),
                "lstrip of the added token \"<|endoftext|>\" is true; allowed here: false");
    }

    @Test
    void shouldRefuseWhenAByteIsMissing() {
        assertRefused(
                root -> ((ObjectNode) model(root).get("vocab")).remove("!"),
                "model.vocab is without the byte 0x21; allowed here: a vocabulary with all 256 bytes");
    }

    @Test
    void shouldRefuseWhenAMergeMakesNoToken() {
        assertRefused(
                root -> ((ArrayNode) model(root).get("merges")).add("q q"),
                "model.merges[14] is \"q q\"; allowed here: two tokens whose parts and whole are in model.vocab");
    }

    @Test
    void shouldRefuseWhenAnIdIsNoNumber() {
        assertRefused(
                root -> ((ObjectNode) model(root).get("vocab")).put("!", "x"),
                "the id of '!' is \"x\"; allowed here: a whole number from 0");
    }

    @Test
    void shouldTakeTheEndOfTextFromTheConfigWhenItIsNamed() throws IOException {
        assertThat(changed(root -> {}, "{\"eos_token\": {\"content\": \"hello\"}}")
                        .endOfText())
                .isEqualTo(259);
        assertThat(changed(root -> added(root).put("content", "<|end_of_text|>"), "{}")
                        .endOfText())
                .isEqualTo(270);
    }

    @Test
    void shouldRefuseWhenTheEndOfTextIsUnknown() {
        assertThatThrownBy(() -> changed(root -> added(root).put("content", "<stop>")))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(
                        "t.json: no end of text is known; name it as \"eos_token\" in a tokenizer_config.json beside it");
        assertThatThrownBy(() -> changed(root -> {}, "{\"eos_token\": \"<stop>\"}"))
                .hasMessage(
                        "t.json: eos_token '<stop>' of tokenizer_config.json is not among its tokens; correct the name");
    }

    @Test
    void shouldRefuseWhenTheFileIsNoJsonObject() {
        assertThatThrownBy(() -> TokenizerJson.parse("t.json", new byte[] {'x'}, null))
                .hasMessageStartingWith("t.json is not JSON: ");
        assertThatThrownBy(() -> TokenizerJson.parse("t.json", new byte[] {'1'}, null))
                .hasMessage(
                        "t.json is not a JSON object; a tokenizer.json of Hugging Face's tokenizers library is needed");
    }

    @Test
    void shouldRefuseWhenTheFileIsMissing() {
        Path absent = Path.of("absent", "tokenizer.json");
        assertThatThrownBy(() -> TokenizerJson.load(absent))
                .hasMessage(
                        "no tokenizer at absent/tokenizer.json; give the path of a tokenizer.json or of the folder that holds one");
    }

    @Test
    void shouldMatchAddedTokensOfTextInDocumentsWhenTheyAreNotSpecial() throws IOException {
        Tokenizer tokenizer = changed(root -> {
            ObjectNode tool = added(root)
                    .deepCopy()
                    .put("id", 271)
                    .put("content", "<tool>")
                    .put("special", false);
            ((ArrayNode) root.get("added_tokens")).add(tool);
        });
        TokenBuffer out = new TokenBuffer();
        byte[] text = "hello<tool>".getBytes(StandardCharsets.UTF_8);
        tokenizer.encoder().encode(text, text.length, out);
        assertThat(out.toArray()).containsExactly(259, 271);
        assertThat(tokenizer.size()).isEqualTo(272);
    }
}
