package dev.braid.models;

import static dev.braid.models.PlainMath.linear;
import static dev.braid.models.PlainMath.map;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** DeltaNet against its equation. */
class DeltaNetMixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        return List.of(
                new Case("as flash-linear-attention has it", config(2, Optional.of(4), false, false), 2, 8 * 2 * 36),
                new Case("gated, negative eigenvalues", config(3, Optional.of(2), true, true), 2, 8 * 3 * 16),
                new Case("without convolution", config(2, Optional.empty(), false, false), 2, 8 * 2 * 36));
    }

    private static DeltaNetConfig config(int heads, Optional<Integer> conv, boolean gate, boolean negative) {
        return new DeltaNetConfig(heads, Optional.empty(), Optional.empty(), conv, gate, negative, Optional.empty());
    }

    @Override
    double[][] mix(MixerConfig mixer, double[][] x, Map<String, double[]> weights) {
        DeltaNetConfig config = (DeltaNetConfig) mixer;
        int size = DIM / config.heads();
        PlainDeltaRule rule =
                new PlainDeltaRule(config.heads(), config.heads(), size, size, config.negativeEigenvalues() ? 2 : 1);
        double[][] o = rule.read(x, weights, (t, h) -> PlainMath.repeat(1, size));
        double[][] normed = PlainMath.rmsNorm(o, size, weights.get("norm.weight"), 1e-5);
        if (config.gate()) {
            normed = PlainMath.multiply(normed, map(linear(x, weights.get("gate.weight")), PlainMath::silu));
        }
        return linear(normed, weights.get("output.weight"));
    }
}
