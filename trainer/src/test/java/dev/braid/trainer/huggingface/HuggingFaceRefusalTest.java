package dev.braid.trainer.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.models.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a config.json may not say, and what a model may not be, each with the message. */
class HuggingFaceRefusalTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            gemma3_text    | {"model_type":"gemma2"}                   | model_type: "gemma2" is not supported; allowed are llama, qwen2, qwen3, gemma3_text, mamba2, bamba, falcon_h1, olmo_hybrid, retnet, gla, hgrn2, delta_net, gated_deltanet, kda, rwkv7
            gemma3_text    | {"architectures":["Gemma3ForConditionalGeneration"]} | architectures: ["Gemma3ForConditionalGeneration"] is not supported; model_type gemma3_text must be a Gemma3ForCausalLM
            gemma3_text    | {"hidden_activation":"silu"}              | hidden_activation: "silu" is not supported; allowed is "gelu_pytorch_tanh"
            gemma3_text    | {"attn_logit_softcapping":50.0}           | attn_logit_softcapping: 50.0 is not supported; allowed is null
            gemma3_text    | {"use_bidirectional_attention":true}      | use_bidirectional_attention: true is not supported; allowed is false
            gemma3_text    | {"layer_types":["full_attention"]}        | layer_types: ["full_attention"] must name each of the 4 layers sliding_attention or full_attention
            gemma3_text    | {"rope_parameters":{"full_attention":{"rope_type":"yarn"}}} | rope_parameters.full_attention.rope_type: "yarn" is not supported; allowed are "default", "linear"
            gemma3_text    | {"rope_parameters":{"sliding_attention":{"mscale":2}}} | rope_parameters.sliding_attention.mscale: 2 is not supported
            gemma3_text    | {"novelty":1}                             | novelty: 1 is not a key that Braid knows
            mamba2         | {"hidden_act":"relu"}                     | hidden_act: "relu" is not supported; allowed is "silu"
            mamba2         | {"expand":3}                              | expand: makes 36, but num_heads head_dim is 24
            mamba2         | {"time_step_limit":[0.0]}                 | time_step_limit: [0.0] must have two numbers
            mamba2         | {"n_groups":0}                            | n_groups: 0 must be an integer of 1 or more
            bamba          | {"mlp_bias":true}                         | mlp_bias: true is not supported; allowed is false
            bamba          | {"attn_layer_indices":[3]}                | attn_layer_indices: 3 is not the number of a layer
            bamba          | {"mamba_d_head":5}                        | mamba_d_head: makes 30, but the width of the mixer is 24
            bamba          | {"num_attention_heads":5}                 | num_attention_heads: 5 does not divide hidden_size 12
            falcon_h1      | {"mlp_multipliers":[1.0]}                 | mlp_multipliers: [1.0] must have 2 numbers
            falcon_h1      | {"ssm_multipliers":["a"]}                 | ssm_multipliers: ["a"] must be an array of numbers
            falcon_h1      | {"rope_scaling":{"rope_type":"dynamic"}}  | rope_scaling.rope_type: "dynamic" is not supported; allowed are "default", "linear"
            olmo_hybrid    | {"layer_types":["linear_attention","moe","moe","moe"]} | layer_types: ["linear_attention","moe","moe","moe"] must name each of the 4 layers linear_attention or full_attention
            olmo_hybrid    | {"hidden_act":"gelu"}                     | hidden_act: "gelu" is not supported; allowed is "silu"
            retnet         | {"feature_map":"relu"}                    | feature_map: "relu" is not supported; allowed is null
            retnet         | {"num_kv_heads":1}                        | num_kv_heads: 1 is not supported; allowed is 2
            retnet         | {"fuse_norm":false}                       | fuse_norm: false is not supported; allowed is true
            retnet         | {"expand_k":0.2}                          | expand_k: 0.2 times 16 can't be divided over 2 heads
            gla            | {"clamp_min":-3.0}                        | clamp_min: -3.0 is not supported; allowed is null
            gla            | {"hidden_act":"gelu"}                     | hidden_act: "gelu" is not supported; allowed is "swish"
            gla            | {"attnres_block_size":2}                  | attnres_block_size: 2 is not supported; allowed is null
            gla            | {"elementwise_affine":false}              | elementwise_affine: false is not supported; allowed is true
            gla            | {"attn":{"layers":[5],"num_heads":2}}     | attn.layers: 5 is not the number of a layer
            gla            | {"attn":{"layers":[0],"num_heads":2,"qk_norm":1}} | attn.qk_norm: 1 is not supported
            hgrn2          | {"expand_ratio":5}                        | expand_ratio: 5 does not divide hidden_size 16
            hgrn2          | {"num_heads":3}                           | num_heads: 3 is not supported; allowed is 2
            delta_net      | {"qk_norm":"sum"}                         | qk_norm: "sum" is not supported; allowed is "l2"
            delta_net      | {"qk_activation":"relu"}                  | qk_activation: "relu" is not supported; allowed is "silu"
            delta_net      | {"use_beta":false}                        | use_beta: false is not supported; allowed is true
            gated_deltanet | {"expand_v":0.3}                          | expand_v: 0.3 times 8 must be an integer of 1 or more
            kda            | {"lower_bound":"low"}                     | lower_bound: "low" must be a number
            rwkv7          | {"norm_bias":false}                       | norm_bias: false is not supported; allowed is true
            rwkv7          | {"fuse_norm":false}                       | fuse_norm: false is not supported; allowed is true
            rwkv7          | {"value_dim":[16,32,16]}                  | value_dim: [16,32,16] is not supported; allowed is 16 for every layer
            rwkv7          | {"attn":{"layers":[0],"num_heads":2}}     | attn: {"layers":[0],"num_heads":2} is not supported; allowed is null
            """)
    void shouldRefuseWhatBraidDoesNotHave(String name, String change, String message) throws IOException {
        write(name, change);
        assertThatThrownBy(() -> HuggingFaceTypes.read(folder))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageStartingWith(
                        folder.resolve("config.json") + " describes a model that Braid does not have:\n")
                .hasMessageContaining("\n  " + message);
    }

    @Test
    void shouldReportTheRulesOfModelsThatAFileBreaks() throws IOException {
        write("mamba2", "{\"n_groups\":4}");
        assertThatThrownBy(() -> HuggingFaceTypes.read(folder))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining("describes a model that Braid does not have")
                .hasMessageContaining("mixers.mamba.groups");
    }

    @Test
    void shouldTakeAttentionInLayersOfFlashLinearAttention() throws IOException {
        write("gla", """
                {"attn":{"layers":[1],"num_heads":4,"num_kv_heads":2,"qkv_bias":true,"window_size":5,"rope_theta":500.0}}""");
        ModelConfig model = HuggingFaceTypes.read(folder).model();
        assertThat(model.pattern()).containsExactly("mixer+mlp", "attn+mlp");
        ObjectNode written =
                HuggingFaceTypes.describe(model, 11, OptionalInt.empty()).config();
        assertThat(written.path("attn")).isEqualTo(JSON.readTree("""
                {"num_heads":4,"num_kv_heads":2,"qkv_bias":true,"rope_theta":500.0,"window_size":5,"layers":[1]}"""));
    }

    /** Layers 0 and 1 are dense and the others mixtures: two names before a pattern of one. */
    @Test
    void shouldTakeDenseLayersBeforeMixtures() throws IOException {
        write("qwen2_moe", "{\"num_hidden_layers\":5,\"decoder_sparse_step\":1,\"mlp_only_layers\":[0,1]}");
        ModelConfig model = HuggingFaceTypes.read(folder).model();
        assertThat(model.firstLayers()).containsExactly("attn+mlp", "attn+mlp");
        assertThat(model.pattern()).containsExactly("attn+moe");
        ObjectNode written =
                HuggingFaceTypes.describe(model, 11, OptionalInt.empty()).config();
        assertThat(written.path("mlp_only_layers")).isEqualTo(JSON.readTree("[0,1]"));
    }

    @Test
    void shouldReadTheKeysOfOlderGemmas() throws IOException {
        write("gemma3_text", """
                {"rope_parameters":null,"layer_types":null,"sliding_window_pattern":2,"rope_theta":5000.0,
                 "rope_local_base_freq":300.0,"rope_scaling":{"rope_type":"linear","factor":4.0}}""");
        ModelConfig model = HuggingFaceTypes.read(folder).model();
        assertThat(model.pattern()).containsExactly("local+mlp", "global+mlp");
        ObjectNode sections = Sections.of(model);
        assertThat(Sections.get(sections, "mixers.local.rope.base").asDouble()).isEqualTo(300);
        assertThat(Sections.get(sections, "mixers.local.rope.scaling").isMissingNode())
                .isTrue();
        assertThat(Sections.get(sections, "mixers.global.rope.base").asDouble()).isEqualTo(5000);
        assertThat(Sections.get(sections, "mixers.global.rope.scaling.factor").asDouble())
                .isEqualTo(4);
    }

    @Test
    void shouldNoteWhatAFileDoesNotSayOrWhatIsLeftOut() throws IOException {
        write("mamba2", "{}");
        assertThat(HuggingFaceTypes.read(folder).notes())
                .containsExactly("config.json does not say how long sequences are: model.context is 2048");
        write("bamba", "{\"attention_dropout\":0.1}");
        assertThat(HuggingFaceTypes.read(folder).notes())
                .containsExactly("attention_dropout 0.1 is left out: Braid trains without dropout");
    }

    @Test
    void shouldNameTheNearestTypeAndWhatKeepsAModelFromIt() throws IOException {
        write("delta_net", "{}");
        ObjectNode sections = Sections.of(HuggingFaceTypes.read(folder).model());
        Sections.put(sections, "logit_scale", 2.0);
        Sections.put(sections, "mixers.mixer.norm_eps", 0.5);
        ModelConfig model = Sections.model("test", sections);
        assertThatThrownBy(() -> HuggingFaceTypes.describe(model, 11, OptionalInt.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        no Hugging Face type is like this model. The nearest is delta_net:
                          logit_scale is 2.0, but must be 1.0
                          mixers.mixer.norm_eps is 0.5, but must be 1.0E-5""");
        assertThat(reasons(new GatedDeltaNetType(), model))
                .contains("it has no mixer of type gated_deltanet", "it has no layers like mixer+mlp");
    }

    @Test
    void shouldWriteAModelWhoseMixersHaveOtherNames() throws IOException {
        write("delta_net", "{}");
        ObjectNode sections = Sections.of(HuggingFaceTypes.read(folder).model());
        JsonNode mixer = sections.withObjectProperty("mixers").remove("mixer");
        sections.withObjectProperty("mixers").set("delta", mixer);
        sections.putArray("pattern").add("delta + mlp");
        ModelConfig model = Sections.model("test", sections);
        assertThat(HuggingFaceTypes.describe(model, 11, OptionalInt.of(3)).type())
                .isEqualTo("delta_net");
    }

    @Test
    void shouldRefuseTwoMixersOfAKindThatDiffer() throws IOException {
        write("delta_net", "{}");
        ObjectNode sections = Sections.of(HuggingFaceTypes.read(folder).model());
        ObjectNode other = sections.path("mixers").path("mixer").deepCopy();
        sections.withObjectProperty("mixers").set("other", other.put("conv", 3));
        sections.putArray("pattern").add("mixer+mlp").add("other+mlp");
        assertThat(reasons(new DeltaNetType(), Sections.model("test", sections)))
                .containsExactly("mixers.mixer and mixers.other differ, of which it has only one");
    }

    private static List<String> reasons(HuggingFaceType type, ModelConfig model) {
        try {
            type.describe(model, 11, OptionalInt.empty());
        } catch (InexpressibleException problem) {
            return problem.reasons();
        }
        return List.of();
    }

    /** A tiny model's config with the keys of {@code change} put over it. */
    private void write(String name, String change) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(TinyFolder.of(name).config());
        JSON.readTree(change).properties().forEach(entry -> config.set(entry.getKey(), entry.getValue()));
        Files.writeString(folder.resolve("config.json"), config.toString());
    }
}
