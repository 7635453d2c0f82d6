package dev.braid.models;

import static dev.braid.models.PlainMath.linear;
import static dev.braid.models.PlainMath.map;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Gated DeltaNet against its equation, in the forms that published models have. */
class GatedDeltaNetMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                new Case("as flash-linear-attention has it", config(2, 2, 3, 6, Optional.of(4), true, false), 2, 288),
                new Case("as OLMo Hybrid has it", config(3, 3, 2, 4, Optional.of(4), true, true), 2, 192),
                new Case("as Qwen3-Next has it", config(2, 4, 3, 3, Optional.of(4), true, false), 2, 288),
                new Case("values wider than the kernel", config(1, 1, 2, 260, Optional.of(2), true, false), 1, 4160),
                new Case("copies of keys", config(1, 4, 5, 2, Optional.of(3), true, true), 2, 320),
                new Case("without gate and convolution", config(2, 2, 4, 3, Optional.empty(), false, false), 2, 192));
    }

    private static GatedDeltaNetConfig config(
            int heads, int values, int keySize, int valueSize, Optional<Integer> conv, boolean gate, boolean negative) {
        return new GatedDeltaNetConfig(
                heads, Optional.of(values), keySize, Optional.of(valueSize), conv, gate, negative, Optional.of(1e-4));
    }

    @Override
    double[][] mix(MixerConfig mixer, double[][] x, Map<String, double[]> weights) {
        GatedDeltaNetConfig config = (GatedDeltaNetConfig) mixer;
        PlainDeltaRule rule = new PlainDeltaRule(
                config.heads(),
                config.valueHeads().orElseThrow(),
                config.keySize(),
                config.valueSize().orElseThrow(),
                config.negativeEigenvalues() ? 2 : 1);
        double[][] step = PlainMath.plus(linear(x, weights.get("decay.weight")), weights.get("dt_bias"));
        double[] logRate = weights.get("a_log");
        double[][] o = rule.read(x, weights, (t, h) -> {
            double alpha = Math.exp(-Math.exp(logRate[h]) * PlainMath.softplus(step[t][h]));
            return PlainMath.repeat(alpha, config.keySize());
        });
        double[][] normed = PlainMath.rmsNorm(
                o,
                config.valueSize().orElseThrow(),
                weights.get("norm.weight"),
                config.normEps().orElseThrow());
        if (config.gate()) {
            normed = PlainMath.multiply(normed, map(linear(x, weights.get("gate.weight")), PlainMath::silu));
        }
        return linear(normed, weights.get("output.weight"));
    }
}
