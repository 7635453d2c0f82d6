package dev.braid.models;

import static dev.braid.models.PlainMath.linear;
import static dev.braid.models.PlainMath.map;
import static dev.braid.models.PlainMath.plus;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Kimi Delta Attention against its equation: keys of 4 columns, values of 3. */
class KimiDeltaMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                new Case("as flash-linear-attention has it", config(2, 2, Optional.empty()), 2, 8 * 2 * 12),
                new Case("keys shared, decays bounded", config(2, 4, Optional.of(-5.0)), 2, 8 * 4 * 12));
    }

    private static KimiDeltaConfig config(int heads, int valueHeads, Optional<Double> bound) {
        Optional<Integer> values = Optional.of(valueHeads);
        return new KimiDeltaConfig(heads, values, 4, Optional.of(3), Optional.of(4), false, bound, Optional.of(1e-4));
    }

    @Override
    double[][] mix(MixerConfig mixer, double[][] x, Map<String, double[]> weights) {
        KimiDeltaConfig config = (KimiDeltaConfig) mixer;
        double[][] low = linear(x, weights.get("decay_in.weight"));
        double[][] step = plus(linear(low, weights.get("decay_out.weight")), weights.get("dt_bias"));
        PlainDeltaRule rule =
                new PlainDeltaRule(config.heads(), config.valueHeads().orElseThrow(), 4, 3, 1);
        double[][] o = rule.read(x, weights, (t, h) -> {
            double rate = Math.exp(weights.get("a_log")[h]);
            double[] ofHead = PlainMath.columns(step[t], h * 4, 4);
            return Arrays.stream(ofHead).map(u -> alpha(config, rate, u)).toArray();
        });
        double[][] normed = PlainMath.rmsNorm(o, 3, weights.get("norm.weight"), 1e-4);
        double[][] gate = linear(linear(x, weights.get("gate_in.weight")), weights.get("gate_out.weight"));
        double[][] open = map(plus(gate, weights.get("gate_out.bias")), PlainMath::sigmoid);
        return linear(PlainMath.multiply(normed, open), weights.get("output.weight"));
    }

    private static double alpha(KimiDeltaConfig config, double rate, double step) {
        double unbounded = -rate * PlainMath.softplus(step);
        return Math.exp(config.lowerBound()
                .map(bound -> bound * PlainMath.sigmoid(rate * step))
                .orElse(unbounded));
    }
}
