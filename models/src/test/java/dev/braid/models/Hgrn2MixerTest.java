package dev.braid.models;

import java.util.List;
import java.util.Map;
import java.util.Optional;

class Hgrn2MixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                // Two heads with states of 6 by 6.
                new Case(
                        "with lower bounds",
                        new Hgrn2Config(2, Optional.empty(), Optional.empty(), true, Optional.empty(), 1e-5),
                        2,
                        4.0 * 2 * 6 * 6),
                new Case(
                        "without bounds, with a convolution",
                        new Hgrn2Config(4, Optional.of(5), Optional.of(3), false, Optional.of(3), 1e-3),
                        4,
                        4.0 * 4 * 5 * 3));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        Hgrn2Config hgrn = (Hgrn2Config) config;
        HeadSizes sizes = hgrn.sizes(DIM);
        double[] bounds = hgrn.lowerBounds() ? secondOfThree(weights.get("lower_bounds")) : new double[20];
        double[][] open = PlainMath.map(projected(hgrn, "f", x, weights), PlainMath::sigmoid);
        double[][] forget = new double[x.length][open[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < forget[t].length; i++) {
                forget[t][i] = bounds[i] + (1 - bounds[i]) * open[t][i];
            }
        }
        double[][] q = PlainMath.map(projected(hgrn, "q", x, weights), PlainMath::silu);
        double[][] o = PlainRecurrence.read(
                PlainRecurrence.scaled(q, 1 / Math.sqrt(sizes.key())),
                PlainMath.map(forget, value -> 1 - value),
                projected(hgrn, "v", x, weights),
                sizes.heads(),
                sizes.key(),
                (t, head, row) -> Math.log(forget[t][head * sizes.key() + row]));
        double[][] normed = PlainMath.rmsNorm(o, sizes.width(), weights.get("norm.weight"), hgrn.normEps());
        return PlainMath.linear(normed, weights.get("output.weight"));
    }

    /** The share of row 1 of 3: the bound of the second layer of three. */
    private static double[] secondOfThree(double[] weight) {
        int columns = weight.length / 3;
        double[] bounds = new double[columns];
        for (int i = 0; i < columns; i++) {
            double second = Math.exp(weight[columns + i]);
            bounds[i] = second / (Math.exp(weight[i]) + second + Math.exp(weight[2 * columns + i]));
        }
        return bounds;
    }

    private static double[][] projected(Hgrn2Config config, String name, double[][] x, Map<String, double[]> weights) {
        double[][] y = PlainMath.linear(x, weights.get(name + ".weight"));
        return config.conv().isEmpty() ? y : PlainMath.convolution(y, weights.get("conv_" + name + ".weight"));
    }
}
