package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {"model_type":"gpt2"}                                   | model_type: "gpt2" is not supported; allowed are llama, qwen2, qwen3
            {"model_type":null}                                     | model_type: null is not supported
            {"architectures":["LlamaForSequenceClassification"]}    | architectures: ["LlamaForSequenceClassification"] is not supported; model_type llama must be a LlamaForCausalLM
            {"hidden_act":"gelu"}                                   | hidden_act: "gelu" is not supported; allowed is "silu"
            {"attention_bias":true}                                 | attention_bias: true puts biases on all four projections, which Braid does not have; allowed is false
            {"mlp_bias":true}                                       | mlp_bias: true is not supported; allowed is false
            {"use_sliding_window":true}                             | use_sliding_window: true is not supported; allowed is false
            {"use_sliding_window":"no"}                             | use_sliding_window: "no" must be true or false
            {"sliding_window":4096}                                 | sliding_window: 4096 is not supported; allowed is null
            {"layer_types":["full_attention","sliding_attention"]}  | layer_types: "sliding_attention" is not supported; allowed is "full_attention"
            {"quantization_config":{"bits":4}}                      | quantization_config: {"bits":4} is not a key that Braid knows; if it does not change what the model computes, remove it from the file
            {"rope_scaling":{"rope_type":"llama3","factor":8.0}}    | rope_scaling.rope_type: "llama3" is not supported; allowed is "default"
            {"rope_scaling":{"rope_type":"llama3","factor":8.0}}    | rope_scaling.factor: 8.0 is not supported
            {"rope_scaling":{"type":"linear"}}                      | rope_scaling.type: "linear" is not supported; allowed is "default"
            {"rope_scaling":[1]}                                    | rope_scaling: [1] must be an object or null
            {"rope_parameters":{"rope_type":"yarn"}}                | rope_parameters.rope_type: "yarn" is not supported; allowed is "default"
            {"rope_theta":500000}                                   | rope_theta: 500000.0 differs from rope_parameters.rope_theta: 10000.0
            {"partial_rotary_factor":0.5}                           | partial_rotary_factor: only 1 is supported
            {"vocab_size":null}                                     | vocab_size: missing
            {"hidden_size":0}                                       | hidden_size: 0 must be an integer of 1 or more
            {"num_hidden_layers":"2"}                               | num_hidden_layers: "2" must be an integer of 1 or more
            {"rms_norm_eps":"small"}                                | rms_norm_eps: "small" must be a number
            {"rms_norm_eps":0}                                      | the rotary base 10000.0 and the norm's epsilon 0.0 must be greater than 0
            {"num_key_value_heads":3}                               | 2 heads cannot share 3 key and value heads: the second must divide the first
            {"head_dim":3}                                          | a head of 3 cannot be rotated: its size must be even
            {"head_dim":null,"num_attention_heads":3}               | num_attention_heads: 3 does not divide hidden_size 4, and there is no head_dim
            {"eos_token_id":"</s>"}                                 | eos_token_id: "</s>" must be a token id
            {"eos_token_id":5}                                      | the eos token 5 is not in a vocabulary of 5
            {"model_type":"qwen3","architectures":null,"head_dim":null} | head_dim: missing; a qwen3 must have it
            {"model_type":"qwen2","architectures":null,"num_key_value_heads":null} | num_key_value_heads: missing
            """)
    void shouldRefuseWhatBraidCannotRepresent(String change, String message) throws IOException {
        Path file = write(change);
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageStartingWith(file + " describes a model that Braid does not have:\n")
                .hasMessageContaining("\n  " + message);
    }

    @Test
    void shouldReportAllFaultsAtOnce() throws IOException {
        Path file = write("{\"hidden_act\":\"gelu\",\"mlp_bias\":true,\"novelty\":1,\"vocab_size\":0}");
        assertThatThrownBy(() -> read(file))
                .hasMessageContaining("\n  hidden_act: ")
                .hasMessageContaining("\n  mlp_bias: ")
                .hasMessageContaining("\n  novelty: ")
                .hasMessageContaining("\n  vocab_size: ");
    }

    @Test
    void shouldRefuseAMissingFileAndOneThatIsNotJson() throws IOException {
        Path file = folder.resolve("config.json");
        assertThatThrownBy(() -> read(file))
                .hasMessage("there is no config.json in " + folder + ": not the folder of a Hugging Face model");
        Files.writeString(file, "{");
        assertThatThrownBy(() -> read(file)).hasMessageStartingWith(file + " is not valid JSON: ");
        Files.writeString(file, "{\"a\":1,\"a\":2}");
        assertThatThrownBy(() -> read(file)).hasMessageContaining("Duplicate field 'a'");
    }

    @Test
    void shouldReadTheRopeKeysOfBothVersions() throws IOException {
        assertThat(read("{}").ropeBase()).isEqualTo(10000);
        assertThat(read("{\"rope_parameters\":null,\"rope_theta\":500000.0,\"rope_scaling\":null}")
                        .ropeBase())
                .isEqualTo(500000);
        assertThat(read("{\"rope_parameters\":null,\"rope_scaling\":{\"type\":\"default\"}}")
                        .ropeBase())
                .isEqualTo(10000);
        assertThat(read("{\"rope_theta\":10000}").ropeBase()).isEqualTo(10000);
    }

    @Test
    void shouldDeriveWhatALlamaMayLeaveOut() throws IOException {
        LlamaShape shape = read("{\"head_dim\":null,\"num_key_value_heads\":null,\"rms_norm_eps\":null}");
        assertThat(shape.headSize()).isEqualTo(2);
        assertThat(shape.kvHeads()).isEqualTo(2);
        assertThat(shape.normEpsilon()).isEqualTo(1e-6);
    }

    @Test
    void shouldTellTheTypesApart() throws IOException {
        LlamaShape second = read("{\"model_type\":\"qwen2\",\"architectures\":null,\"sliding_window\":4096}");
        assertThat(second.qkvBias()).isTrue();
        assertThat(second.qkNorm()).isFalse();
        LlamaShape third = read("{\"model_type\":\"qwen3\",\"architectures\":[\"Qwen3ForCausalLM\"]}");
        assertThat(third.qkvBias()).isFalse();
        assertThat(third.qkNorm()).isTrue();
    }

    @Test
    void shouldTakeNoTokenWhenItIsNullAndTheTypesOwnWhenItIsMissing() throws IOException {
        assertThat(read("{\"eos_token_id\":null}").eos()).isEmpty();
        Path file = write("{}");
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readString(file));
        config.remove("eos_token_id");
        config.remove("bos_token_id");
        Files.writeString(file, config.toString());
        assertThat(read(file).eos()).hasValue(2);
        assertThat(read(file).bos()).hasValue(1);
    }

    @Test
    void shouldNoteWhatItLeavesOut() throws IOException {
        write("{\"eos_token_id\":[3,4],\"attention_dropout\":0.1}");
        ConfigFile file = ConfigFile.read(folder);
        assertThat(ConfigReader.read(file).eos()).hasValue(3);
        assertThat(file.notes())
                .containsExactly(
                        "attention_dropout 0.1 is left out: Braid trains without dropout",
                        "eos_token_id has the ids [3,4]; Braid keeps the first");
    }

    private LlamaShape read(String change) throws IOException {
        return read(write(change));
    }

    private static LlamaShape read(Path file) throws IOException {
        return ConfigReader.read(ConfigFile.read(file.getParent()));
    }

    /** The tiny model's config with the keys of {@code change} put over it. */
    private Path write(String change) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(TinyModel.CONFIG);
        JsonNode changes = JSON.readTree(change);
        changes.properties().forEach(entry -> config.set(entry.getKey(), entry.getValue()));
        return Files.writeString(folder.resolve("config.json"), config.toString());
    }
}
