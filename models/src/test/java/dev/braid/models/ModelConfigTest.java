package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.models.ModelConfig.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Every rule of the model's settings, with its message. */
class ModelConfigTest {
    private static final AttentionConfig ATTENTION = attention(4, 2, Optional.empty());
    private static final SwiGluConfig MLP = new SwiGluConfig(96);

    private static AttentionConfig attention(int heads, int kvHeads, Optional<Integer> headSize) {
        return new AttentionConfig(
                heads, Optional.of(kvHeads), headSize, Optional.of(new RopeConfig(10000)), false, false);
    }

    private static ModelConfig config(int dim, int layers, Map<String, MixerConfig> mixers, List<String> pattern) {
        return new ModelConfig(
                dim, layers, 64, true, mixers, Map.of("mlp", MLP), pattern, Optional.empty(), 1e-5, 0.02);
    }

    private static List<String> faults(ModelConfig config) {
        List<String> faults = new ArrayList<>();
        config.validate((key, problem, fix) -> faults.add(key + " " + problem + (fix.isEmpty() ? "" : "; " + fix)));
        return faults;
    }

    @Test
    void shouldRepeatThePatternOverTheLayers() {
        ModelConfig config = config(32, 3, Map.of("a", ATTENTION, "b", ATTENTION), List.of("a+mlp", "b + mlp"));
        assertThat(faults(config)).isEmpty();
        assertThat(config.arrangement())
                .containsExactly(new Layer("a", "mlp"), new Layer("b", "mlp"), new Layer("a", "mlp"));
    }

    @Test
    void shouldReportNumbersThatCannotBe() {
        ModelConfig config =
                new ModelConfig(0, 0, 0, true, Map.of(), Map.of(), List.of(), Optional.of(0), 0, Double.NaN);
        assertThat(faults(config))
                .containsExactly(
                        "dim is 0, must be at least 1",
                        "layers is 0, must be at least 1",
                        "context is 0, must be at least 1",
                        "vocab is 0, must be at least 1",
                        "norm_eps is 0.0, must be above 0; 1.0e-5 is usual",
                        "init_std is NaN, must be above 0; 0.02 is usual",
                        "pattern is empty; write at least one layer, such as [attn+mlp]");
    }

    @Test
    void shouldReportAPatternThatNamesWhatIsNotThereAndLeavesOutWhatIs() {
        assertThat(faults(config(32, 2, Map.of("attn", ATTENTION), List.of("atn+mlp", "attn"))))
                .containsExactly(
                        "pattern.0 names the mixer 'atn', known are [attn]",
                        "pattern.1 'attn' is not of the form mixer+ffn",
                        "mixers.attn is not used by the pattern; remove it or use it");
    }

    @Test
    void shouldReportAPatternLongerThanTheModel() {
        assertThat(faults(config(32, 1, Map.of("attn", ATTENTION), List.of("attn+mlp", "attn+mlp"))))
                .containsExactly(
                        "pattern names 2 layers, but the model has 1; shorten the pattern or raise model.layers");
    }

    @Test
    void shouldReportHeadsThatDoNotDivide() {
        assertThat(faults(config(34, 2, Map.of("attn", attention(4, 3, Optional.empty())), List.of("attn+mlp"))))
                .containsExactly(
                        "mixers.attn.kv_heads is 3, which does not divide heads 4; allowed: 1, 2, 4",
                        "mixers.attn.heads is 4, which does not divide model.dim 34; set heads to one of 1, 2, 17, 34, or give"
                                + " head_size");
    }

    @Test
    void shouldReportHeadSizesThatRotaryPositionsOrTheKernelsCannotTake() {
        assertThat(faults(config(36, 2, Map.of("attn", attention(4, 2, Optional.empty())), List.of("attn+mlp"))))
                .containsExactly(
                        "mixers.attn.heads makes heads of size 9, but rotary positions need an even size; choose an"
                                + " even head size, or rope: none");
        assertThat(faults(config(36, 2, Map.of("attn", attention(4, 2, Optional.of(300))), List.of("attn+mlp"))))
                .containsExactly("mixers.attn.head_size makes heads of size 300, allowed are 1 to 256");
        assertThat(faults(config(36, 2, Map.of("attn", attention(0, 2, Optional.empty())), List.of("attn+mlp"))))
                .containsExactly("mixers.attn.heads is 0, must be at least 1");
    }

    @Test
    void shouldReportARopeBaseAndAHiddenSizeThatCannotBe() {
        List<String> faults = new ArrayList<>();
        new RopeConfig(1).validate((key, problem, fix) -> faults.add(key + " " + problem));
        new SwiGluConfig(0).validate((key, problem, fix) -> faults.add(key + " " + problem));
        assertThat(faults).containsExactly("base is 1.0, must be above 1", "hidden is 0, must be at least 1");
    }
}
