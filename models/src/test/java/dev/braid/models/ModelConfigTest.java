package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.config.ConfigReader;
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

    private static final String DENSE_FIRST = """
            dim: 64
            layers: %d
            context: 16
            mixers: {attn: {type: attention, heads: 4}}
            ffns: {mlp: {type: swiglu, hidden: 96}, wide: {type: swiglu, hidden: 192}%s}
            first_layers: [%s]
            pattern: [attn+mlp, attn]
            """;

    @Test
    void shouldBeginThePatternBehindTheFirstLayers() {
        ModelConfig config = ConfigReader.of(ModelConfig.class)
                .parse("model.yaml", DENSE_FIRST.formatted(5, "", "attn+wide, attn+wide"), List.of());
        assertThat(config.arrangement())
                .containsExactly(
                        new Layer("attn", "wide"),
                        new Layer("attn", "wide"),
                        new Layer("attn", "mlp"),
                        new Layer("attn", Optional.empty()),
                        new Layer("attn", "mlp"));
        assertThat(config.layersInWords()).isEqualTo("first attn+wide, attn+wide, then attn+mlp, attn");
    }

    @Test
    void shouldReportFirstLayersThatCannotBe() {
        assertThatThrownBy(() -> ConfigReader.of(ModelConfig.class)
                        .parse(
                                "model.yaml",
                                DENSE_FIRST.formatted(
                                        4, ", other: {type: swiglu, hidden: 8}", "attn+wide, at+wide, a+b+c"),
                                List.of()))
                .hasMessageContaining("first_layers.1")
                .hasMessageContaining("names the mixer 'at', known are [attn]")
                .hasMessageContaining("'a+b+c' is not of the form mixer+ffn or mixer")
                .hasMessageContaining("names 2 layers after 3 of first_layers, but the model has 4")
                .hasMessageContaining("shorten one of them or raise model.layers")
                .hasMessageContaining("ffns.other")
                .hasMessageContaining("is used neither by first_layers nor by the pattern");
    }

    @Test
    void shouldReportModulesThatCannotBe() {
        ModelConfig config = config(32, 2, Map.of("attn", ATTENTION), List.of("attn+mlp"))
                .withMtp(Optional.of(new MultiTokenConfig(-1, -0.5, Optional.of("atn+mpl"))));
        assertThat(faults(config))
                .containsExactly(
                        "mtp.layer names the mixer 'atn', known are [attn]",
                        "mtp.layer names the ffn 'mpl', known are [mlp]");
        List<String> own = new ArrayList<>();
        config.mtp().orElseThrow().validate((key, problem, fix) -> own.add(key + " " + problem + "; " + fix));
        assertThat(own)
                .containsExactly(
                        "depth is -1, must be 0 to 16; 1 is usual, 0 for none",
                        "weight is -0.5, must be 0 or a positive number; 0.3 is usual, 0.1 late in training");
    }

    @Test
    void shouldCountALayerOfTheModulesAsUsed() {
        Map<String, MixerConfig> mixers = Map.of("attn", ATTENTION, "other", ATTENTION);
        ModelConfig config = config(32, 2, mixers, List.of("attn+mlp"))
                .withMtp(Optional.of(new MultiTokenConfig(1, 0.3, Optional.of("other"))));
        assertThat(faults(config)).isEmpty();
        assertThat(config.predictionLayer()).isEqualTo(new Layer("other", Optional.empty()));
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
        assertThat(faults(config(32, 2, Map.of("attn", ATTENTION), List.of("atn+mlp", "a+b+c"))))
                .containsExactly(
                        "pattern.0 names the mixer 'atn', known are [attn]",
                        "pattern.1 'a+b+c' is not of the form mixer+ffn or mixer",
                        "mixers.attn is not used by the pattern; remove it or use it");
    }

    @Test
    void shouldReadALayerWithoutAFeedForward() {
        ModelConfig config = config(32, 3, Map.of("a", ATTENTION), List.of("a", "a+mlp"));
        assertThat(faults(config)).isEmpty();
        assertThat(config.arrangement())
                .containsExactly(
                        new Layer("a", Optional.empty()), new Layer("a", "mlp"), new Layer("a", Optional.empty()));
    }

    private static ModelConfig parse(String options) {
        return ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 64
                layers: 2
                context: 16
                mixers: {attn: {type: attention, heads: 4}}
                ffns: {mlp: {type: swiglu, hidden: 96}}
                pattern: [attn+mlp]
                """ + options, List.of());
    }

    @Test
    void shouldPutNormsWhereTheyAreAskedFor() {
        assertThat(parse("").normPlace(new Layer("attn", "mlp"))).isEqualTo(NormPlace.PRE);
        assertThat(parse("norms: {attn: sandwich}").normPlace(new Layer("attn", "mlp")))
                .isEqualTo(NormPlace.SANDWICH);
    }

    @Test
    void shouldTakeTheRootOfTheWidthForAFactorOfTheEmbedding() {
        assertThat(parse("").embeddingFactor()).isEqualTo(1f);
        assertThat(parse("embedding_scale: 0.5").embeddingFactor()).isEqualTo(0.5f);
        assertThat(parse("embedding_scale: sqrt_dim").embeddingFactor()).isEqualTo(8f);
    }

    @Test
    void shouldNameWhatMakesItAnotherDecoderThanLlama() {
        assertThat(parse("norms: {attn: pre}").variations()).isEmpty();
        assertThat(parse("norm: layer\nnorms: {attn: post}\nembedding_norm: true\nembedding_scale: sqrt_dim\n"
                                + "logit_scale: 2\nlogit_soft_cap: 30")
                        .variations())
                .containsExactly("norm", "norms", "embedding_norm", "embedding_scale", "logit_scale", "logit_soft_cap");
    }

    @Test
    void shouldReportOptionsThatCannotBe() {
        assertThatThrownBy(() -> parse("embedding_scale: 0\nlogit_scale: 0\nlogit_soft_cap: -30\nnorms: {atn: post}\n"))
                .hasMessageContaining(
                        "embedding_scale: is 0.0, must be a number other than 0; 1 leaves values as they are")
                .hasMessageContaining("logit_scale: is 0.0, must be a number other than 0; 1 leaves values as they are")
                .hasMessageContaining("logit_soft_cap: is -30.0, must be above 0; 30 is usual, none for no bound")
                .hasMessageContaining("norms.atn: names no mixer, known are [attn]; norms go by mixer");
    }

    @Test
    void shouldReportBranchesThatCannotBe() {
        MixerConfig odd = attention(4, 3, Optional.empty());
        ParallelMixerConfig one = new ParallelMixerConfig(
                Map.of("attn", odd), BranchMix.SUM, false, Map.of("ssm", 2.0), Map.of("attn", 0.0));
        assertThat(faults(config(32, 1, Map.of("both", one), List.of("both+mlp"))))
                .containsExactly(
                        "mixers.both.branches has 1 mixers, must be at least 2; use a mixer by itself where there is only"
                                + " one",
                        "mixers.both.input_scales.ssm names no branch, known are [attn]",
                        "mixers.both.output_scales.attn is 0.0, must be a number other than 0; 1 leaves values as they are",
                        "mixers.both.branches.attn.kv_heads is 3, which does not divide heads 4; allowed: 1, 2, 4");
    }

    @Test
    void shouldAskEveryPartWhatKeepsRanksFromDividingIt() {
        ParallelMixerConfig both =
                new ParallelMixerConfig(Map.of("wide", ATTENTION), BranchMix.SUM, false, Map.of(), Map.of());
        ModelConfig config = config(32, 1, Map.of("both", both), List.of("both+mlp"));
        assertThat(config.tensorProblems(2)).isEmpty();
        assertThat(config.tensorProblems(3)).containsExactly("which does not divide the 4 heads of both.branches.wide");
        assertThat(config.tensorProblems(97))
                .containsExactly(
                        "more tensor ranks than the 4 heads of both.branches.wide",
                        "more ranks than the hidden width 96 of mlp");
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
