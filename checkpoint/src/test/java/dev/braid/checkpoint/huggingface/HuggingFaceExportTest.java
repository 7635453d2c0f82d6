package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.safetensors.ElementType;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceExportTest {
    private static final LlamaShape LLAMA = TinyModel.shape(false, false, false);

    @TempDir
    Path folder;

    private final Memory memory = new Memory();

    @AfterEach
    void free() {
        memory.close();
    }

    @Test
    void shouldWriteTheConfigThatTransformersReads() throws IOException {
        Path out = export(LLAMA, Map.of());
        assertThat(out.resolve("config.json")).hasContent("""
                        {
                          "architectures" : [ "LlamaForCausalLM" ],
                          "model_type" : "llama",
                          "vocab_size" : 5,
                          "hidden_size" : 4,
                          "intermediate_size" : 3,
                          "num_hidden_layers" : 1,
                          "num_attention_heads" : 2,
                          "num_key_value_heads" : 1,
                          "head_dim" : 2,
                          "hidden_act" : "silu",
                          "max_position_embeddings" : 64,
                          "rms_norm_eps" : 1.0E-6,
                          "rope_theta" : 10000.0,
                          "rope_parameters" : {
                            "rope_type" : "default",
                            "rope_theta" : 10000.0
                          },
                          "tie_word_embeddings" : false,
                          "attention_dropout" : 0.0,
                          "attention_bias" : false,
                          "mlp_bias" : false,
                          "bos_token_id" : 1,
                          "eos_token_id" : 2,
                          "use_cache" : true,
                          "dtype" : "float32",
                          "torch_dtype" : "float32"
                        }
                        """);
        assertThat(out.resolve("generation_config.json")).hasContent("""
                        {
                          "_from_model_config" : true,
                          "bos_token_id" : 1,
                          "eos_token_id" : 2
                        }
                        """);
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp*");
    }

    @Test
    void shouldWriteTheTensorsUnderTheirNames() throws IOException {
        Path out = export(LLAMA, Map.of());
        try (SafetensorsFile tensors = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(tensors.metadata()).containsEntry("format", "pt");
            assertThat(tensors.tensors().keySet())
                    .containsExactlyInAnyOrderElementsOf(
                            TinyModel.llamaTensors().keySet());
            TinyModel.llamaTensors()
                    .forEach((name, extents) ->
                            assertThat(tensors.tensors().get(name).shape()).isEqualTo(Shape.of(extents)));
            assertThat(tensors.floats("model.layers.0.self_attn.k_proj.weight"))
                    .containsExactly(3, 3.5f, 4, 4.5f, 5, 5.5f, 6, 6.5f);
        }
    }

    @ParameterizedTest
    @CsvSource({"true,false,false,1", "false,false,false,100", "false,true,false,200", "true,false,true,100000"})
    void shouldComeBackTheSame(boolean tied, boolean bias, boolean norm, long mostShardBytes) throws IOException {
        LlamaShape shape = TinyModel.shape(tied, bias, norm);
        Map<String, Tensor> weights = TinyModel.weights(memory, shape);
        Path out = folder.resolve("out");
        HuggingFaceExport.write(
                LlamaFamily.describe(shape), Weights.of(weights), DType.F32, Map.of(), out, mostShardBytes);
        try (HuggingFaceImport model = TinyModel.open(out)) {
            assertThat(TinyModel.readShape(out)).isEqualTo(shape);
            assertThat(model.weights().names()).containsExactlyElementsOf(weights.keySet());
            for (String name : weights.keySet()) {
                assertThat(TinyModel.floats(model.weights(), name))
                        .as(name)
                        .containsExactly(weights.get(name).toFloats());
            }
        }
    }

    @Test
    void shouldNameTheBiasesAndNormsAsQwenDoes() throws IOException {
        Path second = folder.resolve("second");
        HuggingFaceExport.write(
                LlamaFamily.describe(TinyModel.shape(false, true, false)),
                Weights.of(TinyModel.weights(memory, TinyModel.shape(false, true, false))),
                DType.F32,
                Map.of(),
                second);
        Path third = folder.resolve("third");
        HuggingFaceExport.write(
                LlamaFamily.describe(TinyModel.shape(false, false, true)),
                Weights.of(TinyModel.weights(memory, TinyModel.shape(false, false, true))),
                DType.F32,
                Map.of(),
                third);
        assertThat(second.resolve("config.json")).content().contains("Qwen2ForCausalLM", "\"qwen2\"");
        assertThat(third.resolve("config.json")).content().contains("Qwen3ForCausalLM", "\"qwen3\"");
        try (SafetensorsFile tensors = SafetensorsFile.open(second.resolve("model.safetensors"))) {
            assertThat(tensors.tensors()
                            .get("model.layers.0.self_attn.q_proj.bias")
                            .shape())
                    .isEqualTo(Shape.of(4));
            assertThat(tensors.tensors()).containsKeys("model.layers.0.self_attn.v_proj.bias");
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(third.resolve("model.safetensors"))) {
            assertThat(tensors.tensors()
                            .get("model.layers.0.self_attn.k_norm.weight")
                            .shape())
                    .isEqualTo(Shape.of(2));
            assertThat(tensors.tensors()).containsKeys("model.layers.0.self_attn.q_norm.weight");
        }
    }

    @Test
    void shouldRoundToBf16WhenAsked() throws IOException {
        Path out = folder.resolve("out");
        HuggingFaceExport.write(
                LlamaFamily.describe(LLAMA),
                Weights.of(TinyModel.weights(memory, LLAMA)),
                DType.BF16,
                (Path) null,
                out);
        try (SafetensorsFile tensors = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(tensors.tensor("model.norm.weight").type()).isEqualTo(ElementType.BF16);
        }
        assertThat(out.resolve("config.json")).content().contains("\"dtype\" : \"bfloat16\"");
    }

    @Test
    void shouldCopyTheTokenizerAndCompleteItsConfig() throws IOException {
        Path tokenizer = Files.createDirectories(folder.resolve("tokenizer"));
        String json = "{\"added_tokens\":[{\"id\":2,\"content\":\"<|end|>\"},{\"id\":3,\"content\":\"<|other|>\"}]}";
        Files.writeString(tokenizer.resolve("tokenizer.json"), json);
        Files.writeString(tokenizer.resolve("notes.txt"), "mine");
        Path out = folder.resolve("out");
        HuggingFaceExport.write(
                LlamaFamily.describe(LLAMA), Weights.of(TinyModel.weights(memory, LLAMA)), DType.F32, tokenizer, out);
        assertThat(out.resolve("tokenizer.json")).hasContent(json);
        assertThat(out.resolve("notes.txt")).doesNotExist();
        assertThat(out.resolve("tokenizer_config.json")).hasContent("""
                        {
                          "tokenizer_class" : "PreTrainedTokenizerFast",
                          "model_max_length" : 64,
                          "clean_up_tokenization_spaces" : false,
                          "eos_token" : "<|end|>"
                        }
                        """);
    }

    @Test
    void shouldKeepATokenizerConfigThatIsThere() throws IOException {
        Map<String, byte[]> files = Map.of(
                "tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8),
                "tokenizer_config.json", "{\"a\":1}".getBytes(StandardCharsets.UTF_8));
        assertThat(export(LLAMA, files).resolve("tokenizer_config.json")).hasContent("{\"a\":1}");
    }

    @Test
    void shouldReplaceAnEarlierExport() throws IOException {
        Path out = export(LLAMA, Map.of("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8)));
        export(TinyModel.shape(true, false, false), Map.of());
        assertThat(out.resolve("tokenizer.json")).doesNotExist();
        assertThat(out.resolve("config.json")).content().contains("\"tie_word_embeddings\" : true");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp*");
    }

    @Test
    void shouldRefuseAFolderThatHoldsSomethingElse() throws IOException {
        Path out = Files.createDirectories(folder.resolve("out"));
        Files.writeString(out.resolve("config.json"), "{}");
        refused(out
                + " is not empty and not an export of Braid: it has no weights of an export; choose another folder or "
                + "remove it");
        Files.delete(out.resolve("config.json"));
        TinyModel.write(out, TinyModel.CONFIG, TinyModel.llamaTensors(), Long.MAX_VALUE);
        refused("model.safetensors in it is not of an export");
        Files.delete(out.resolve("model.safetensors"));
        Files.delete(out.resolve("config.json"));
        Files.writeString(export(LLAMA, Map.of()).resolve("thesis.tex"), "mine");
        refused("thesis.tex in it is not of an export");
        assertThat(out.resolve("thesis.tex")).hasContent("mine");
    }

    @Test
    void shouldRefuseATargetThatIsAFile() throws IOException {
        Path out = Files.writeString(folder.resolve("out"), "mine");
        refused(out + " is a file; an export needs a folder");
    }

    @Test
    void shouldListAllWeightsThatDoNotFit() {
        Map<String, Tensor> weights = TinyModel.weights(memory, LLAMA);
        weights.remove("norm.weight");
        weights.put("head.weight", memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(4, 5)));
        weights.put("extra", memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(1)));
        assertThatThrownBy(() -> HuggingFaceExport.write(
                        LlamaFamily.describe(LLAMA), Weights.of(weights), DType.F32, Map.of(), folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the weights do not fit the model: \"norm.weight\" is missing; "
                        + "\"head.weight\" is [4, 5] but must be [5, 4]; "
                        + "\"extra\" has no place in a Hugging Face llama");
    }

    @Test
    void shouldLeaveTheEarlierExportWhenWritingFails() throws IOException {
        Path out = export(LLAMA, Map.of());
        Weights failing = new Failing(Weights.of(TinyModel.weights(memory, LLAMA)));
        assertThatThrownBy(
                        () -> HuggingFaceExport.write(LlamaFamily.describe(LLAMA), failing, DType.F32, Map.of(), out))
                .isInstanceOf(IOException.class)
                .hasMessage("the export to " + out
                        + " was not written: No space left on device. Nothing there was changed");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp*");
        try (HuggingFaceImport model = TinyModel.open(out)) {
            assertThat(TinyModel.readShape(out)).isEqualTo(LLAMA);
            assertThat(model.weights().names()).contains("head.weight");
        }
    }

    @Test
    void shouldRefuseATokenizerThatIsNotJson() {
        assertThatThrownBy(() -> export(LLAMA, Map.of("tokenizer.json", new byte[] {'{'})))
                .hasCauseInstanceOf(InvalidFileException.class)
                .hasMessageContaining("tokenizer.json is not valid JSON");
    }

    @Test
    void shouldRefuseModelsThatNoTypeExpresses() {
        assertThatThrownBy(() -> ModelType.of(TinyModel.shape(false, true, true)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "no Hugging Face type has both biases on queries, keys and values (qwen2) and a norm");
        assertThatThrownBy(() -> ModelType.of(odd(3, 2, true)))
                .hasMessageContaining("3 heads of 2 do not make up a dim of 4");
        assertThatThrownBy(() -> ModelType.of(odd(3, 2, false)))
                .hasMessageContaining("requires that the number of heads, 3, divides dim, 4");
    }

    @Test
    void shouldRefuseToExportIntegers() {
        assertThatThrownBy(() -> HuggingFaceExport.write(
                        LlamaFamily.describe(LLAMA), Weights.of(Map.of()), DType.I32, Map.of(), folder.resolve("out")))
                .hasMessage("weights are exported as F32 or BF16, not as I32");
    }

    @Test
    void shouldRefuseShapesThatNoModelCanHave() {
        assertThatThrownBy(() -> new LlamaShape(
                        0,
                        4,
                        1,
                        2,
                        1,
                        2,
                        3,
                        64,
                        1e4,
                        1e-6,
                        true,
                        false,
                        false,
                        OptionalInt.empty(),
                        OptionalInt.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("vocab must be 1 or more, not 0");
    }

    private static LlamaShape odd(int heads, int headSize, boolean bias) {
        return new LlamaShape(
                5,
                4,
                1,
                heads,
                1,
                headSize,
                3,
                64,
                1e4,
                1e-6,
                true,
                bias,
                false,
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private Path export(LlamaShape shape, Map<String, byte[]> tokenizerFiles) throws IOException {
        Path out = folder.resolve("out");
        HuggingFaceExport.write(
                LlamaFamily.describe(shape),
                Weights.of(TinyModel.weights(memory, shape)),
                DType.F32,
                tokenizerFiles,
                out);
        return out;
    }

    private void refused(String message) {
        assertThatThrownBy(() -> export(LLAMA, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    /** Weights whose last tensor cannot be read. */
    private record Failing(Weights weights) implements Weights {
        @Override
        public Set<String> names() {
            return weights.names();
        }

        @Override
        public Shape shape(String name) {
            return weights.shape(name);
        }

        @Override
        public DType dtype(String name) {
            return weights.dtype(name);
        }

        @Override
        public void read(String name, long from, long count, MemorySegment target) throws IOException {
            if (name.equals("head.weight")) {
                throw new IOException("No space left on device");
            }
            weights.read(name, from, count, target);
        }
    }
}
