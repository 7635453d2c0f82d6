package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigReader;
import dev.braid.models.LayerTrace.Setting;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterSpec;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Presets have the shapes that were published, and can be made small. */
class ModelPresetsTest {
    private static final int VOCABULARY = 31;
    private static final int LENGTH = 9;

    private static ModelConfig preset(String name, List<String> overrides) {
        return ConfigReader.of(ModelConfig.class)
                .withPresets((key, word) -> ModelPresets.yaml(word))
                .parse("model.yaml", "preset: " + name, overrides);
    }

    /** Counted in models that transformers 5.18 and flash-linear-attention 0.5.2 build from the published configs. */
    @ParameterizedTest
    @CsvSource({
        "gemma-3-1b, 999885952",
        "mamba2-2.7b, 2702599680",
        "falcon-h1-0.5b, 521411104",
        "olmo-hybrid-7b, 7430870688",
        "bamba-9b, 9780235392",
        "gated-deltanet-1.3b, 1387348732",
        "rwkv7-1.5b, 1527404544",
        "mixtral-8x7b, 46702792704",
        "qwen3-30b-a3b, 30532122624",
        "granite-4.0-h-tiny, 6939037248",
        "qwen3-next-80b-a3b, 79674391296"
    })
    void shouldHaveThePublishedParameters(String name, long parameters) {
        ModelConfig config = preset(name, List.of());
        Architecture model = new Architecture(config, config.vocab().orElseThrow(), DType.BF16, 1, 0);
        assertThat(model.parameters().count()).isEqualTo(parameters);
    }

    /** Of all parameters of the models that transformers builds, but of the experts' only the share that a token goes to. */
    @ParameterizedTest
    @CsvSource({
        "mixtral-8x7b, 12879925248",
        "qwen3-30b-a3b, 3353032704",
        "granite-4.0-h-tiny, 1465470528",
        "qwen3-next-80b-a3b, 3874929408"
    })
    void shouldHaveThePublishedActiveParameters(String name, long parameters) {
        ModelConfig config = preset(name, List.of());
        Architecture model = new Architecture(config, config.vocab().orElseThrow(), DType.BF16, 1, 0);
        double active = 0;
        for (ParameterSpec spec : model.parameters().specs()) {
            active += spec.activity() * spec.shape().count();
        }
        assertThat(Math.round(active)).isEqualTo(parameters);
    }

    /** No mixer needs more than addresses for a plan. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "mamba2-2.7b",
                "rwkv7-1.5b",
                "gated-deltanet-1.3b",
                "falcon-h1-0.5b",
                "olmo-hybrid-7b",
                "bamba-9b",
                "gemma-3-1b",
                "mixtral-8x7b",
                "qwen3-30b-a3b",
                "granite-4.0-h-tiny",
                "qwen3-next-80b-a3b"
            })
    void shouldBeRehearsedInFull(String name) {
        ModelConfig config = preset(name, List.of());
        for (String layer : List.copyOf(config.mixers().keySet())) {
            int index = config.arrangement()
                    .indexOf(config.arrangement().stream()
                            .filter(each -> each.mixer().equals(layer))
                            .findFirst()
                            .orElseThrow());
            LayerTrace trace = LayerTrace.of(config, index, new Setting(DType.BF16, 1, 2, 1, 2048, false));
            long stream = 2L * 2048 * config.dim();
            long kept = trace.forward().changes().stream()
                    .mapToLong(LayerTrace.Change::bytes)
                    .sum();
            assertThat(kept).as(layer).isBetween(5 * stream, 60 * stream);
        }
    }

    private static final String EXPERT = "ffns.moe.hidden=12";
    private static final String MLP = "ffns.mlp.hidden=24";

    private static List<String> shrunk(String name) {
        return switch (name) {
            case "mamba2-2.7b" ->
                List.of(
                        "layers=2",
                        "dim=16",
                        "mixers.mamba.heads=2",
                        "mixers.mamba.head_size=16",
                        "mixers.mamba.state_size=8");
            case "rwkv7-1.5b" ->
                List.of(
                        "layers=2",
                        "dim=16",
                        "mixers.time.head_size=8",
                        "mixers.time.decay_rank=4",
                        "mixers.time.rate_rank=4",
                        "mixers.time.value_rank=4",
                        "mixers.time.gate_rank=4",
                        "ffns.channels.hidden=24");
            case "gated-deltanet-1.3b" ->
                List.of(
                        "layers=2",
                        "dim=16",
                        "mixers.delta.heads=2",
                        "mixers.delta.key_size=8",
                        "mixers.delta.value_size=16",
                        MLP);
            case "falcon-h1-0.5b" ->
                List.of(
                        "layers=2",
                        "dim=16",
                        "mixers.hybrid.branches.ssm.heads=2",
                        "mixers.hybrid.branches.ssm.head_size=8",
                        "mixers.hybrid.branches.ssm.state_size=8",
                        "mixers.hybrid.branches.attn.heads=2",
                        "mixers.hybrid.branches.attn.head_size=8",
                        MLP);
            case "olmo-hybrid-7b" ->
                List.of(
                        "layers=4",
                        "dim=16",
                        "mixers.delta.heads=2",
                        "mixers.delta.key_size=8",
                        "mixers.delta.value_size=16",
                        "mixers.attn.heads=2",
                        MLP);
            case "bamba-9b" ->
                List.of(
                        "layers=32",
                        "dim=16",
                        "mixers.mamba.heads=2",
                        "mixers.mamba.head_size=8",
                        "mixers.mamba.state_size=8",
                        "mixers.attn.heads=2",
                        "mixers.attn.kv_heads=1",
                        MLP);
            case "mixtral-8x7b", "qwen3-30b-a3b" ->
                List.of(
                        "layers=2",
                        "dim=16",
                        "mixers.attn.heads=2",
                        "mixers.attn.kv_heads=1",
                        "mixers.attn.head_size=8",
                        "ffns.moe.experts=4",
                        "ffns.moe.top_k=2",
                        EXPERT);
            case "granite-4.0-h-tiny" ->
                List.of(
                        "layers=10",
                        "dim=16",
                        "mixers.mamba.heads=2",
                        "mixers.mamba.head_size=16",
                        "mixers.mamba.state_size=8",
                        "mixers.attn.heads=2",
                        "mixers.attn.kv_heads=1",
                        "ffns.moe.experts=4",
                        "ffns.moe.top_k=2",
                        "ffns.moe.shared.hidden=16",
                        EXPERT);
            case "qwen3-next-80b-a3b" ->
                List.of(
                        "layers=4",
                        "dim=16",
                        "mixers.delta.heads=2",
                        "mixers.delta.value_heads=4",
                        "mixers.delta.key_size=8",
                        "mixers.delta.value_size=8",
                        "mixers.attn.heads=2",
                        "mixers.attn.kv_heads=1",
                        "mixers.attn.head_size=16",
                        "ffns.moe.experts=4",
                        "ffns.moe.top_k=2",
                        "ffns.moe.shared.hidden=16",
                        EXPERT);
            default ->
                List.of(
                        "layers=6",
                        "dim=16",
                        "mixers.local.heads=2",
                        "mixers.local.head_size=8",
                        "mixers.local.window=4",
                        "mixers.global.heads=2",
                        "mixers.global.head_size=8",
                        MLP);
        };
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mamba2-2.7b",
                "rwkv7-1.5b",
                "gated-deltanet-1.3b",
                "falcon-h1-0.5b",
                "olmo-hybrid-7b",
                "bamba-9b",
                "gemma-3-1b",
                "mixtral-8x7b",
                "qwen3-30b-a3b",
                "granite-4.0-h-tiny",
                "qwen3-next-80b-a3b"
            })
    void shouldTrainWhenMadeSmall(String name) {
        ModelConfig config = preset(name, shrunk(name));
        try (Compute compute = new Compute(1, "vector", "test")) {
            Decoder decoder = new Decoder(config, VOCABULARY, compute, DType.F32);
            decoder.initialize(3);
            decoder.store().beginStep(1);
            int[] tokens = {1, 5, 30, 2, 2, 17, 8, 0, 11};
            int[] labels = {5, 30, 2, 2, 17, 8, 0, 11, 3};
            try (Batch batch = Batch.allocate(compute.memory(), 1, LENGTH);
                    Tape tape = decoder.trainingTape()) {
                batch.set(0, tokens, labels, new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8}, new int[LENGTH]);
                double loss = decoder.loss(tape, batch, 1f / LENGTH, false);
                tape.backward();
                assertThat(loss / LENGTH).isBetween(2.0, 6.0);
            }
            decoder.store().finishGradients();
            for (Parameter parameter : decoder.parameters()) {
                for (float value : parameter.gradient().toFloats()) {
                    assertThat(value).as(parameter.name()).isFinite();
                }
            }
            float[] first = decoder.parameters().getFirst().gradient().toFloats();
            assertThat(first).isNotEqualTo(new float[first.length]);
        }
    }
}
