package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.DType;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AttentionConfigTest {
    private static final int DIM = 32;

    private static AttentionConfig config(
            Optional<Double> scale, Optional<Double> cap, Optional<Integer> window, int sinks) {
        return new AttentionConfig(
                4,
                Optional.of(2),
                Optional.empty(),
                Optional.of(new RopeConfig(10000)),
                false,
                false,
                QkNorm.NONE,
                scale,
                cap,
                window,
                sinks,
                false);
    }

    private static AttentionConfig rotated(double fraction, int headSize) {
        return new AttentionConfig(
                4,
                Optional.of(2),
                Optional.of(headSize),
                Optional.of(new RopeConfig(10000, fraction, Optional.empty())),
                false,
                false);
    }

    private static List<String> faults(AttentionConfig config) {
        List<String> faults = new ArrayList<>();
        config.validate(
                DIM,
                "mixers.attn",
                (key, problem, fix) -> faults.add(key + " " + problem + (fix.isEmpty() ? "" : "; " + fix)));
        return faults;
    }

    @Test
    void shouldMakeTheOptionsOfTheKernel() {
        AttentionConfig plain = config(Optional.empty(), Optional.empty(), Optional.empty(), 0);
        assertThat(plain.options(DIM))
                .isEqualTo(new AttentionOptions((float) (1 / Math.sqrt(8)), Float.POSITIVE_INFINITY, Window.ALL));
        AttentionConfig other = config(Optional.of(0.25), Optional.of(50.0), Optional.of(512), 4);
        assertThat(other.options(DIM)).isEqualTo(new AttentionOptions(0.25f, 50, new Window(512, 4)));
    }

    @Test
    void shouldReportScoresAndWindowsThatCannotBe() {
        assertThat(faults(config(Optional.of(0.0), Optional.of(-1.0), Optional.of(0), -1)))
                .containsExactly(
                        "mixers.attn.scale is 0.0, must be above 0; leave it out for 1 / sqrt(head size)",
                        "mixers.attn.cap is -1.0, must be above 0; 50 is usual, none for no cap",
                        "mixers.attn.window is 0, must be at least 1, for a token sees itself; none for all positions",
                        "mixers.attn.sinks is -1, must be at least 0; 4 is usual");
    }

    @Test
    void shouldReportSinksThatDoNothing() {
        assertThat(faults(config(Optional.empty(), Optional.empty(), Optional.empty(), 4)))
                .containsExactly("mixers.attn.sinks is 4, but without a window all positions stay visible; set window,"
                        + " or remove sinks");
        assertThat(faults(config(Optional.empty(), Optional.empty(), Optional.of(1), 4)))
                .isEmpty();
    }

    @Test
    void shouldReportAFractionThatLeavesAValueWithoutItsPair() {
        assertThat(faults(rotated(0.5, 10)))
                .containsExactly(
                        "mixers.attn.rope.fraction rotates 5 of the 10 values of a head, but they turn in pairs;"
                                + " choose a fraction that makes an even number");
        assertThat(faults(rotated(0.5, 12))).isEmpty();
        // As transformers, 0.3 of 16 is rounded down.
        assertThat(faults(rotated(0.3, 16))).isEmpty();
        assertThat(new RopeConfig(10000, 0.3, Optional.empty()).rotated(16)).isEqualTo(4);
    }

    @Test
    void shouldReportRotationsThatCannotBe() {
        List<String> faults = new ArrayList<>();
        new RopeConfig(0.5, 1.5, Optional.empty()).validate((key, problem, fix) -> faults.add(key + " " + problem));
        new LinearRopeScaling(0.5).validate((key, problem, fix) -> faults.add(key + " " + problem));
        new LlamaRopeScaling(0, 4, 4, 0).validate((key, problem, fix) -> faults.add(key + " " + problem));
        assertThat(faults)
                .containsExactly(
                        "base is 0.5, must be above 1",
                        "fraction is 1.5, must be above 0 and at most 1",
                        "factor is 0.5, must be at least 1",
                        "factor is 0.0, must be at least 1",
                        "low is 4.0 and high is 4.0, but they must be above 0 and low under high",
                        "original is 0, must be at least 1");
    }

    @Test
    void shouldStretchWavelengthsAsTransformersDoes() {
        RopeConfig linear = new RopeConfig(10000, 0.25, Optional.of(new LinearRopeScaling(8)));
        assertThat(linear.inverseFrequencies(16)).containsExactly(0.125f, 0.00125f);
        // transformers 5.18, ROPE_INIT_FUNCTIONS["llama3"], head size 16: two kept, one blended, two divided by 8 of
        // these.
        RopeConfig llama = new RopeConfig(500_000, 1, Optional.of(new LlamaRopeScaling(8, 1, 4, 8192)));
        double[] expected = {
            1,
            0.193922758102417,
            0.03760603070259094,
            0.00729266507551074,
            0.0005248460220173001,
            3.428102354519069e-05,
            6.647869668086059e-06,
            1.289173155782919e-06
        };
        float[] frequencies = llama.inverseFrequencies(16);
        for (int i = 0; i < 8; i++) {
            assertThat((double) frequencies[i]).as("pair %d", i).isCloseTo(expected[i], within(1e-6 * expected[i]));
        }
    }

    @Test
    void shouldCountTheFlopsOfVisiblePairsOnly() {
        // 4 heads of 8, two products of 2 * 8 operations a pair. Tokens 0 to 9 see 1, 2, 3, 3, ... keys: 27 pairs.
        assertThat(flops(config(Optional.empty(), Optional.empty(), Optional.of(3), 0)))
                .isEqualTo(4.0 * 4 * 8 * 27 / 10);
        // And of two sinks tokens 3, 4, 5, ... see 1, 2, 2, ... more: 13.
        assertThat(flops(config(Optional.empty(), Optional.empty(), Optional.of(3), 2)))
                .isEqualTo(4.0 * 4 * 8 * 40 / 10);
        assertThat(flops(config(Optional.empty(), Optional.empty(), Optional.empty(), 0)))
                .isEqualTo(4.0 * 4 * 8 * 55 / 10);
    }

    /** For a token of a sequence of ten. */
    private static double flops(AttentionConfig attention) {
        ModelConfig model = new ModelConfig(
                DIM,
                1,
                16,
                true,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(40)),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.02);
        Construction construction = new Construction(model, DType.F32, 1, 0);
        construction.parameters().unit("layers.0");
        return attention.build(construction, "layers.0.mixer.").positionFlopsPerToken(10);
    }
}
