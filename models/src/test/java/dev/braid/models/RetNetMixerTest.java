package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RetNetMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                // Two heads with states of 6 by 12.
                new Case(
                        "rotated and gated",
                        new RetNetConfig(
                                2, Optional.empty(), Optional.empty(), Optional.of(new RopeConfig(10000)), true),
                        2,
                        4.0 * 2 * 6 * 12),
                new Case(
                        "neither",
                        new RetNetConfig(3, Optional.of(5), Optional.of(4), Optional.empty(), false),
                        2,
                        4.0 * 3 * 5 * 4),
                new Case(
                        "a head of values wider than the kernel takes",
                        new RetNetConfig(1, Optional.of(2), Optional.of(260), Optional.empty(), true),
                        1,
                        4.0 * 2 * 260));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        RetNetConfig retention = (RetNetConfig) config;
        HeadSizes sizes = retention.sizes(DIM);
        double[][] q = PlainMath.linear(x, weights.get("q.weight"));
        double[][] k = PlainMath.linear(x, weights.get("k.weight"));
        double[][] v = PlainMath.linear(x, weights.get("v.weight"));
        if (retention.rope().isPresent()) {
            q = rotated(q, sizes.key());
            k = rotated(k, sizes.key());
        }
        double[][] o = PlainRecurrence.read(
                PlainRecurrence.scaled(q, 1 / Math.sqrt(sizes.key())),
                k,
                v,
                sizes.heads(),
                sizes.key(),
                (t, head, row) -> Math.log(1 - 1.0 / (32 << head)));
        double[][] normed = PlainMath.rmsNorm(o, sizes.value(), weights.get("norm.weight"), 1e-5);
        if (retention.gate()) {
            double[][] gate = PlainMath.map(PlainMath.linear(x, weights.get("g.weight")), PlainMath::silu);
            normed = PlainMath.multiply(normed, gate);
        }
        return PlainMath.linear(normed, weights.get("output.weight"));
    }

    /** Value i of a head against value i + size / 2, by position times 10000^(-2i / size). */
    private static double[][] rotated(double[][] x, int size) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                int place = i % size % (size / 2);
                double angle = t * Math.pow(10000, -2.0 * place / size);
                boolean first = i % size < size / 2;
                double other = first ? -x[t][i + size / 2] : x[t][i - size / 2];
                y[t][i] = x[t][i] * Math.cos(angle) + other * Math.sin(angle);
            }
        }
        return y;
    }

    @Test
    void shouldForgetLessInLaterHeads() {
        assertThat(Math.exp(RetNetConfig.logDecay(0))).isCloseTo(31.0 / 32, within(1e-15));
        assertThat(Math.exp(RetNetConfig.logDecay(3))).isCloseTo(255.0 / 256, within(1e-15));
    }
}
