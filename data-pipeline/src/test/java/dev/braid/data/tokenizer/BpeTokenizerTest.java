package dev.braid.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The literal ids come from Hugging Face's tokenizers 0.23.2 with the same tokenizer.json. */
class BpeTokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LLAMA_PATTERN =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
                    + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    static Map<String, byte[]> files() {
        String[] merges = {
            "h e",
            "l l",
            "he ll",
            "hell o",
            "\u0120 w",
            "o r",
            "\u0120w or",
            "\u0120wor l",
            "\u0120worl d",
            "\u00c3 \u00a9",
            "' s",
            "\u0120 \u0120",
            "\u0120\u0120 \u0120\u0120",
            "1 2"
        };
        List<Merge> list = new ArrayList<>();
        for (String merge : merges) {
            String[] parts = merge.split(" ");
            list.add(new Merge(ByteAlphabet.bytes(parts[0]), ByteAlphabet.bytes(parts[1])));
        }
        return TokenizerWriter.files(list);
    }

    static Tokenizer load(Map<String, byte[]> files) {
        return TokenizerJson.parse("test", files.get(TokenizerJson.FILE), files.get(TokenizerJson.CONFIG_FILE));
    }

    private static Tokenizer llama() throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(files().get(TokenizerJson.FILE));
        ObjectNode model = (ObjectNode) root.get("model");
        ObjectNode split = JSON.createObjectNode()
                .put("type", "Split")
                .put("behavior", "Isolated")
                .put("invert", false);
        split.putObject("pattern").put("Regex", LLAMA_PATTERN);
        ObjectNode bytes = JSON.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("use_regex", false);
        ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
        sequence.putArray("pretokenizers").add(split).add(bytes);
        model.put("ignore_merges", true);
        ((ObjectNode) model.get("vocab")).put("\u0120hello", 271);
        return TokenizerJson.parse("test", JSON.writeValueAsBytes(root), null);
    }

    @Test
    void shouldEncodeAsHuggingFaceWhenThePatternIsGpt2s() {
        Tokenizer tokenizer = load(files());
        assertThat(tokenizer.size()).isEqualTo(271);
        assertThat(tokenizer.endOfText()).isEqualTo(270);
        assertThat(tokenizer.encode("hello world")).containsExactly(259, 264);
        assertThat(tokenizer.encode("hello hello worlds")).containsExactly(259, 32, 259, 264, 115);
        assertThat(tokenizer.encode("caf\u00e9 it's 1212"))
                .containsExactly(99, 97, 102, 265, 32, 105, 116, 266, 32, 269, 269);
        assertThat(tokenizer.encode("a        b")).containsExactly(97, 268, 267, 32, 32, 98);
        assertThat(tokenizer.encode("<|endoftext|>hello")).containsExactly(270, 259);
        assertThat(tokenizer.encode("\ud83d\ude00")).containsExactly(240, 159, 152, 128);
        assertThat(tokenizer.encode("\u001c\u0085")).containsExactly(28, 194, 133);
        assertThat(tokenizer.encode("")).isEmpty();
    }

    @Test
    void shouldEncodeAsHuggingFaceWhenThePatternIsLlamas() throws IOException {
        Tokenizer tokenizer = llama();
        assertThat(tokenizer.size()).isEqualTo(272);
        assertThat(tokenizer.encode("hello hello")).containsExactly(259, 271);
        assertThat(tokenizer.encode("12345 IT'S it'\u017f"))
                .containsExactly(269, 51, 52, 53, 32, 73, 84, 39, 83, 32, 105, 116, 39, 197, 191);
        assertThat(tokenizer.encode("x\r\n\r\ny")).containsExactly(120, 13, 10, 13, 10, 121);
    }

    @Test
    void shouldKeepASpelledEndOfTextAsTextWhenADocumentHasIt() {
        byte[] text = "<|endoftext|>".getBytes(StandardCharsets.UTF_8);
        TokenBuffer out = new TokenBuffer();
        load(files()).encoder().encode(text, text.length, out);
        assertThat(out.toArray()).isEqualTo("<|endoftext|>".chars().toArray());
    }

    @Test
    void shouldGiveBackTheTextWhenDecoded() {
        Tokenizer tokenizer = load(files());
        for (String text : List.of(
                "hello  worlds\r\n", "\ud83d\udc69\u200d\ud83d\ude80 caf\u00e9", "a<|endoftext|>b", "\u0001\u007f")) {
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void shouldReplaceWhenDecodedBytesAreCutOff() {
        assertThat(load(files()).decode(new int[] {240, 159})).isEqualTo("\ufffd");
    }

    @Test
    void shouldRejectWhenAnIdIsUnknown() {
        assertThatThrownBy(() -> load(files()).decode(new int[] {271}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no token has the id 271; ids are below 271");
    }

    @Test
    void shouldReplaceHalvesOfSurrogatesWhenTheyStandAlone() {
        assertThat(load(files()).encode("\ud83dx")).containsExactly(0xEF, 0xBF, 0xBD, 120);
    }

    @Test
    void shouldMergeLongWordsLikeShortOnesWhenTheHeapIsUsed() {
        Tokenizer tokenizer = load(files());
        long seed = 99;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            StringBuilder word = new StringBuilder();
            int length = 90 + random.nextInt(60);
            for (int index = 0; index < length; index++) {
                word.append("helowrd".charAt(random.nextInt(7)));
            }
            assertThat(tokenizer.encode(word.toString()))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(naive(word.toString()));
        }
    }

    /** Merges by the rule itself: the lowest rank anywhere, the leftmost of equals. */
    private static int[] naive(String word) {
        String[] merges = {"h e", "l l", "he ll", "hell o", "o r"};
        List<String> parts = new ArrayList<>(Arrays.asList(word.split("")));
        Map<String, Integer> ids = Map.of("he", 256, "ll", 257, "hell", 258, "hello", 259, "or", 261);
        boolean merged = true;
        while (merged) {
            merged = false;
            for (int rank = 0; rank < merges.length && !merged; rank++) {
                for (int index = 0; index + 1 < parts.size() && !merged; index++) {
                    if (merges[rank].equals(parts.get(index) + " " + parts.get(index + 1))) {
                        parts.set(index, parts.get(index) + parts.remove(index + 1));
                        merged = true;
                    }
                }
            }
        }
        return parts.stream()
                .mapToInt(part -> ids.getOrDefault(part, (int) part.charAt(0)))
                .toArray();
    }

    @Test
    void shouldEncodeTheSameWhenSentToAnotherMachine() throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(load(files()));
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            Tokenizer copy = (Tokenizer) in.readObject();
            assertThat(copy.encode("hello world")).containsExactly(259, 264);
            assertThat(copy.files().keySet()).containsExactlyInAnyOrder("tokenizer.json", "tokenizer_config.json");
        }
    }

    @Test
    void shouldLoadWhenGivenTheFileOrItsFolder(@TempDir Path folder) throws IOException {
        for (Map.Entry<String, byte[]> file : files().entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        assertThat(TokenizerJson.load(folder).size()).isEqualTo(271);
        assertThat(TokenizerJson.load(folder.resolve("tokenizer.json")).describe())
                .isEqualTo("byte-level BPE, 271 tokens");
    }

    @Test
    void shouldTellTransformersTheEndOfTextWhenWritten() throws IOException {
        assertThat(JSON.readTree(files().get(TokenizerJson.CONFIG_FILE))).isEqualTo(JSON.readTree("""
                        {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>",
                         "clean_up_tokenization_spaces": false, "model_input_names": ["input_ids", "attention_mask"]}"""));
    }
}
