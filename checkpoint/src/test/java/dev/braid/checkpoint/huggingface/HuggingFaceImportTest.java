package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceImportTest {
    private static final long ONE_FILE = Long.MAX_VALUE;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(longs = {ONE_FILE, 100, 1})
    void shouldGiveShapeAndTensorsByBraidsNames(long mostShardBytes) throws IOException {
        TinyModel.write(folder, TinyModel.CONFIG, TinyModel.llamaTensors(), mostShardBytes);
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThat(TinyModel.readShape(folder)).isEqualTo(TinyModel.shape(false, false, false));
            assertThat(model.weights().names())
                    .containsExactly(
                            "embedding.weight",
                            "layers.0.mixer_norm.weight",
                            "layers.0.mixer.q.weight",
                            "layers.0.mixer.k.weight",
                            "layers.0.mixer.v.weight",
                            "layers.0.mixer.output.weight",
                            "layers.0.ffn_norm.weight",
                            "layers.0.ffn.gate.weight",
                            "layers.0.ffn.up.weight",
                            "layers.0.ffn.down.weight",
                            "norm.weight",
                            "head.weight");
            assertThat(TinyModel.floats(model.weights(), "head.weight")).startsWith(0, 1, 2);
            assertThat(TinyModel.floats(model.weights(), "embedding.weight")).startsWith(100, 101);
            assertThat(TinyModel.floats(model.weights(), "layers.0.ffn.down.weight"))
                    .startsWith(300);
            assertThat(TinyModel.floats(model.weights(), "layers.0.ffn.gate.weight"))
                    .startsWith(400);
            assertThat(TinyModel.floats(model.weights(), "layers.0.mixer.k.weight"))
                    .containsExactly(700, 701, 702, 703, 704, 705, 706, 707);
            assertThat(TinyModel.floats(model.weights(), "layers.0.mixer.output.weight"))
                    .startsWith(800);
            assertThat(TinyModel.floats(model.weights(), "norm.weight")).containsExactly(1100, 1101, 1102, 1103);
        }
    }

    @Test
    void shouldWidenHalfPrecision() throws IOException {
        TinyModel.write(folder, TinyModel.CONFIG, TinyModel.llamaTensors(), ONE_FILE);
        Path other = folder.resolve("half");
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            HuggingFaceExport.write(
                    LlamaFamily.describe(TinyModel.readShape(folder)), model.weights(), DType.BF16, Map.of(), other);
        }
        try (HuggingFaceImport model = TinyModel.open(other)) {
            assertThat(model.weights().dtype("norm.weight")).isEqualTo(DType.F32);
            // 1100 to 1103 in 8 bits of fraction: multiples of 8.
            assertThat(TinyModel.floats(model.weights(), "norm.weight")).containsExactly(1104, 1104, 1104, 1104);
        }
    }

    @Test
    void shouldNoteAMissingTokenizerAndGiveOneThatIsThere() throws IOException {
        TinyModel.write(folder, TinyModel.CONFIG, TinyModel.llamaTensors(), ONE_FILE);
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThat(model.notes())
                    .containsExactly(
                            folder + " has no tokenizer.json: the model can be trained and scored by token ids, "
                                    + "but not be given text");
        }
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThat(model.notes()).isEmpty();
            assertThat(model.tokenizerFiles()).containsOnlyKeys("tokenizer.json");
        }
    }

    @Test
    void shouldListAllTensorsThatDoNotFit() throws IOException {
        Map<String, long[]> tensors = TinyModel.llamaTensors();
        tensors.remove("model.norm.weight");
        tensors.remove("model.layers.0.mlp.up_proj.weight");
        tensors.put("model.layers.0.self_attn.k_proj.weight", new long[] {4, 4});
        tensors.put("model.layers.0.self_attn.k_proj.bias", new long[] {2});
        TinyModel.write(folder, TinyModel.CONFIG, tensors, ONE_FILE);
        refused("""
                the tensors of %s do not fit its config.json:
                  "model.layers.0.self_attn.k_proj.weight" is [4, 4] but must be [2, 4]
                  "model.layers.0.mlp.up_proj.weight" is missing
                  "model.norm.weight" is missing
                  "model.layers.0.self_attn.k_proj.bias" has no place in the model that config.json describes""".formatted(folder));
    }

    @Test
    void shouldRefuseTensorsOfOtherTypes() throws IOException {
        TinyModel.write(folder, TinyModel.CONFIG, TinyModel.llamaTensors(), 80);
        String index = Files.readString(folder.resolve("model.safetensors.index.json"));
        String last = index.replaceAll("(?s).*\"model.norm.weight\" : \"([^\"]*)\".*", "$1");
        Entry norm = Entry.of("model.norm.weight", Shape.of(4), new int[4]);
        SafetensorsWriter.write(folder.resolve(last), List.of(norm), Map.of());
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                index.replaceAll("\"model.layers.0.self_attn.v_proj.weight\" : \"" + last + "\",\\s*", ""));
        refused("\"model.norm.weight\" has dtype I32; allowed are F32, BF16 and F16");
    }

    @Test
    void shouldLeaveOutStoredRotaryFrequenciesWithANote() throws IOException {
        Map<String, long[]> tensors = TinyModel.llamaTensors();
        tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", new long[] {1});
        TinyModel.write(folder, TinyModel.CONFIG, tensors, ONE_FILE);
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThat(model.notes())
                    .contains("\"model.layers.0.self_attn.rotary_emb.inv_freq\" is left out: Braid computes the rotary "
                            + "frequencies");
        }
    }

    @Test
    void shouldTakeATiedModelWithOrWithoutASecondCopyOfItsHead() throws IOException {
        String tied = TinyModel.CONFIG.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
        Map<String, long[]> tensors = TinyModel.llamaTensors();
        tensors.remove("lm_head.weight");
        TinyModel.write(folder, tied, tensors, ONE_FILE);
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThat(TinyModel.readShape(folder).tied()).isTrue();
            assertThat(model.weights().names()).doesNotContain("head.weight");
        }
        float[] same = new float[20];
        TinyModel.write(folder, tied, TinyModel.llamaTensors(), ONE_FILE);
        refused("\"lm_head.weight\" differs from \"model.embed_tokens.weight\" although tie_word_embeddings is true");
        rewrite("lm_head.weight", same, "model.embed_tokens.weight", same);
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThat(model.weights().names()).doesNotContain("head.weight");
        }
    }

    @Test
    void shouldNameAMissingFolder() {
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> TinyModel.open(none))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage("there is no folder " + none);
    }

    @Test
    void shouldNameTheTensorsThereAreWhenOneIsAskedForThatIsNot() throws IOException {
        TinyModel.write(folder, TinyModel.CONFIG, TinyModel.llamaTensors(), ONE_FILE);
        try (HuggingFaceImport model = TinyModel.open(folder)) {
            assertThatThrownBy(() -> model.weights().shape("lm_head.weight"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("there is no tensor \"lm_head.weight\" among [embedding.weight, ");
        }
    }

    private void rewrite(String one, float[] oneValues, String other, float[] otherValues) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Map<String, float[]> values = new java.util.LinkedHashMap<>();
        Map<String, Shape> shapes = new java.util.LinkedHashMap<>();
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            for (String name : tensors.tensors().keySet()) {
                values.put(name, tensors.floats(name));
                shapes.put(name, tensors.tensor(name).shape());
            }
        }
        values.put(one, oneValues);
        values.put(other, otherValues);
        List<Entry> entries = values.entrySet().stream()
                .map(entry -> Entry.of(entry.getKey(), shapes.get(entry.getKey()), entry.getValue()))
                .toList();
        SafetensorsWriter.write(file, entries, Map.of());
    }

    private void refused(String message) {
        assertThatThrownBy(() -> TinyModel.open(folder))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining(message);
    }
}
