package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.models.Mamba2Config.GatedNorm;
import dev.braid.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class Mamba2MixerTest extends MixerContract {
    private static final Mamba2Config PLAIN = new Mamba2Config(
            2,
            Optional.empty(),
            5,
            1,
            4,
            true,
            false,
            false,
            GatedNorm.GATE_FIRST,
            1,
            0,
            Optional.empty(),
            Optional.empty());

    private static final Mamba2Config GROUPED = new Mamba2Config(
            4,
            Optional.of(5),
            3,
            2,
            3,
            false,
            true,
            true,
            GatedNorm.NORM_FIRST,
            2,
            0.02,
            Optional.of(0.5),
            Optional.of(new Mamba2Factors(0.5, 1.5, 0.7, 1.2, 0.9)));

    private static final Mamba2Config WITHOUT_NORM = new Mamba2Config(
            3, Optional.of(4), 6, 3, 2, true, false, false, GatedNorm.NONE, 1, 0, Optional.empty(), Optional.empty());

    @Override
    List<Case> cases() {
        return List.of(
                // Two heads of 12 columns, states of 5 rows; both ranks have a copy of B and C.
                new Case("as in transformers", PLAIN, 2, 4.0 * 2 * 12 * 5),
                new Case("groups, biases, limits, factors", GROUPED, 2, 4.0 * 4 * 5 * 3),
                new Case("without a norm", WITHOUT_NORM, 2, 4.0 * 3 * 4 * 6));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        Mamba2Config mamba = (Mamba2Config) config;
        double[] factors = mamba.factors().map(Mamba2Factors::values).orElse(new double[] {1, 1, 1, 1, 1});
        double[][] z = projected(mamba, "z", factors[0], x, weights);
        double[][] values = filtered(mamba, "x", factors[1], x, weights);
        double[][] b = filtered(mamba, "b", factors[2], x, weights);
        double[][] c = filtered(mamba, "c", factors[3], x, weights);
        double[][] steps = PlainMath.map(
                PlainMath.plus(projected(mamba, "dt", factors[4], x, weights), weights.get("dt_bias")),
                raw -> Math.min(
                        Math.max(PlainMath.softplus(raw), mamba.minStep()),
                        mamba.maxStep().orElse(Double.POSITIVE_INFINITY)));
        int size = mamba.headSize(DIM);
        double[][] written = new double[x.length][values[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < written[t].length; i++) {
                written[t][i] = steps[t][i / size] * values[t][i];
            }
        }
        double[][] y = PlainRecurrence.read(
                c,
                b,
                written,
                mamba.heads(),
                mamba.stateSize(),
                (t, head, row) -> -Math.exp(weights.get("a_log")[head]) * steps[t][head]);
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < y[t].length; i++) {
                y[t][i] += weights.get("d")[i / size] * values[t][i];
            }
        }
        double[][] out = PlainMath.linear(gated(mamba, y, z, weights), weights.get("output.weight"));
        return mamba.outputBias() ? PlainMath.plus(out, weights.get("output.bias")) : out;
    }

    private static double[][] projected(
            Mamba2Config config, String name, double factor, double[][] x, Map<String, double[]> weights) {
        double[][] y = PlainMath.linear(x, weights.get(name + ".weight"));
        return PlainRecurrence.scaled(config.bias() ? PlainMath.plus(y, weights.get(name + ".bias")) : y, factor);
    }

    private static double[][] filtered(
            Mamba2Config config, String name, double factor, double[][] x, Map<String, double[]> weights) {
        double[][] y = PlainMath.convolution(
                projected(config, name, factor, x, weights), weights.get("conv_" + name + ".weight"));
        return PlainMath.map(
                config.convBias() ? PlainMath.plus(y, weights.get("conv_" + name + ".bias")) : y, PlainMath::silu);
    }

    private static double[][] gated(Mamba2Config config, double[][] y, double[][] z, Map<String, double[]> weights) {
        double[][] gate = PlainMath.map(z, PlainMath::silu);
        int size = y[0].length / config.normGroups();
        return switch (config.norm()) {
            case GATE_FIRST -> PlainMath.rmsNorm(PlainMath.multiply(y, gate), size, weights.get("norm.weight"), 1e-5);
            case NORM_FIRST -> PlainMath.multiply(PlainMath.rmsNorm(y, size, weights.get("norm.weight"), 1e-5), gate);
            case NONE -> PlainMath.multiply(y, gate);
        };
    }

    @Test
    void shouldRefuseRanksThatDivideItsNormUnevenly() {
        assertThatThrownBy(() -> build(GROUPED, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("4 heads that are normalised in 2 groups can't be divided over 4 tensor ranks; allowed are"
                        + " ranks that divide the heads and the groups of the norm");
        assertThat(build(WITHOUT_NORM, 2)).isNotNull();
    }

    private static Mixer build(Mamba2Config config, int ranks) {
        Construction construction = new Construction(LoneMixer.model(config, DIM), DType.F32, ranks, 0);
        construction.parameters().unit("layers.0");
        return config.build(construction, "");
    }
}
