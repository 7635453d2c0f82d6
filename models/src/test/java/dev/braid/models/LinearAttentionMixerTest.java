package dev.braid.models;

import dev.braid.models.LinearAttentionConfig.FeatureMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class LinearAttentionMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                // Two heads with states of 6 by 6, and for each 6 numbers of the normaliser.
                new Case(
                        "normalised",
                        new LinearAttentionConfig(
                                2, Optional.empty(), Optional.empty(), FeatureMap.ELU_PLUS_ONE, true, false),
                        2,
                        4.0 * 2 * 6 * 6 + 4 * 2 * 6),
                new Case(
                        "heads that ranks divide unevenly, with a norm",
                        new LinearAttentionConfig(3, Optional.of(4), Optional.of(5), FeatureMap.SILU, false, true),
                        2,
                        4.0 * 3 * 4 * 5));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        LinearAttentionConfig linear = (LinearAttentionConfig) config;
        HeadSizes sizes = linear.sizes(DIM);
        double[][] q = features(linear, PlainMath.linear(x, weights.get("q.weight")));
        double[][] k = features(linear, PlainMath.linear(x, weights.get("k.weight")));
        double[][] v = PlainMath.linear(x, weights.get("v.weight"));
        double[][] o = PlainRecurrence.read(q, k, v, sizes.heads(), sizes.key(), (t, head, row) -> 0);
        if (linear.normalise()) {
            double[][] ones = PlainMath.map(new double[x.length][sizes.heads()], nothing -> 1);
            double[][] sums = PlainRecurrence.read(q, k, ones, sizes.heads(), sizes.key(), (t, head, row) -> 0);
            for (int t = 0; t < x.length; t++) {
                for (int i = 0; i < o[t].length; i++) {
                    o[t][i] /= sums[t][i / sizes.value()];
                }
            }
        } else {
            o = PlainRecurrence.scaled(o, 1 / Math.sqrt(sizes.key()));
        }
        if (linear.norm()) {
            o = PlainMath.rmsNorm(o, sizes.value(), weights.get("norm.weight"), 1e-5);
        }
        return PlainMath.linear(o, weights.get("output.weight"));
    }

    private static double[][] features(LinearAttentionConfig config, double[][] x) {
        return config.featureMap() == FeatureMap.SILU
                ? PlainMath.map(x, PlainMath::silu)
                : PlainMath.map(x, value -> value > 0 ? value + 1 : Math.exp(value));
    }
}
