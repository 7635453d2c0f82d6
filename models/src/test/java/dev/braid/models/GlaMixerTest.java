package dev.braid.models;

import java.util.List;
import java.util.Map;
import java.util.Optional;

class GlaMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                // Two heads with states of 3 by 6.
                new Case(
                        "gated",
                        new GlaConfig(2, Optional.empty(), Optional.empty(), 16, 16, Optional.empty(), true),
                        2,
                        4.0 * 2 * 3 * 6),
                new Case(
                        "with a convolution, without a gate, with strong decays",
                        new GlaConfig(3, Optional.of(5), Optional.of(4), 2, 0.5, Optional.of(4), false),
                        3,
                        4.0 * 3 * 5 * 4));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        GlaConfig gla = (GlaConfig) config;
        HeadSizes sizes = gla.sizes(DIM);
        double[][] low = PlainMath.linear(x, weights.get("decay_in.weight"));
        double[][] raw =
                PlainMath.plus(PlainMath.linear(low, weights.get("decay_out.weight")), weights.get("decay_out.bias"));
        double[][] o = PlainRecurrence.read(
                PlainRecurrence.scaled(projected(gla, "q", x, weights), 1 / Math.sqrt(sizes.key())),
                projected(gla, "k", x, weights),
                projected(gla, "v", x, weights),
                sizes.heads(),
                sizes.key(),
                (t, head, row) -> Math.log(PlainMath.sigmoid(raw[t][head * sizes.key() + row])) / gla.decayDivisor());
        double[][] normed = PlainMath.rmsNorm(o, sizes.value(), weights.get("norm.weight"), 1e-5);
        if (gla.gate()) {
            double[][] gate = PlainMath.map(PlainMath.linear(x, weights.get("g.weight")), PlainMath::silu);
            normed = PlainMath.multiply(normed, gate);
        }
        return PlainMath.linear(normed, weights.get("output.weight"));
    }

    private static double[][] projected(GlaConfig config, String name, double[][] x, Map<String, double[]> weights) {
        double[][] y = PlainMath.linear(x, weights.get(name + ".weight"));
        return config.conv().isEmpty()
                ? y
                : PlainMath.map(PlainMath.convolution(y, weights.get("conv_" + name + ".weight")), PlainMath::silu);
    }
}
