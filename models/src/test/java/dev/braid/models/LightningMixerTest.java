package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.LightningConfig.Decays;
import dev.braid.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LightningMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                // Two heads with states of 6 by 6.
                new Case(
                        "minimax", new LightningConfig(2, Optional.empty(), Decays.MINIMAX, false), 2, 4.0 * 2 * 6 * 6),
                new Case(
                        "transnormer",
                        new LightningConfig(4, Optional.of(5), Decays.TRANSNORMER, true),
                        4,
                        4.0 * 4 * 5 * 5));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        LightningConfig lightning = (LightningConfig) config;
        HeadSizes sizes = lightning.sizes(DIM);
        double[][] o = PlainRecurrence.read(
                PlainRecurrence.scaled(active(x, weights, "q"), lightning.scale() ? 1 / Math.sqrt(sizes.key()) : 1),
                active(x, weights, "k"),
                active(x, weights, "v"),
                sizes.heads(),
                sizes.key(),
                // The second layer of three.
                (t, head, row) -> lightning.decays() == Decays.MINIMAX
                        ? -Math.pow(2, -8.0 * (head + 1) / sizes.heads()) * (1 - 1 / 2.00001 + 1e-5)
                        : -8.0 * head / sizes.heads() * 2 / 3);
        double[][] normed = PlainMath.rmsNorm(o, sizes.width(), weights.get("norm.weight"), 1e-5);
        double[][] gate = PlainMath.map(PlainMath.linear(x, weights.get("g.weight")), PlainMath::sigmoid);
        return PlainMath.linear(PlainMath.multiply(normed, gate), weights.get("output.weight"));
    }

    private static double[][] active(double[][] x, Map<String, double[]> weights, String name) {
        return PlainMath.map(PlainMath.linear(x, weights.get(name + ".weight")), PlainMath::silu);
    }

    @Test
    void shouldForgetLessInLaterLayers() {
        // TransNormerLLM: -(8 * 1 / 4) (1 - 1 / 4); the last of four layers has a quarter of the first one's.
        assertThat(Decays.TRANSNORMER.log(1, 4, 1, 4)).isEqualTo(-1.5);
        assertThat(Decays.TRANSNORMER.log(1, 4, 3, 4)).isEqualTo(-0.5);
        // MiniMax-01, 64 heads, 80 layers: 2^(-1/8) in the first layer, 1e-5 of it in the last, as transformers
        // computes them.
        assertThat(Decays.MINIMAX.log(0, 64, 0, 80)).isCloseTo(-0.9170040432 * 1.00001, within(1e-9));
        assertThat(Decays.MINIMAX.log(63, 64, 79, 80)).isCloseTo(-3.9556e-8, within(1e-11));
    }

    @Test
    void shouldRefuseRanksThatDivideItsNormUnevenly() {
        LightningConfig config = new LightningConfig(3, Optional.of(4), Decays.MINIMAX, false);
        Construction construction = new Construction(LoneMixer.model(config, DIM), DType.F32, 2, 0);
        construction.parameters().unit("layers.0");
        assertThatThrownBy(() -> config.build(construction, ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "3 heads that are normalised together can't be divided over 2 tensor ranks; allowed are ranks"
                                + " that divide the heads");
    }
}
