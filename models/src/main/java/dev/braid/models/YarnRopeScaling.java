package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;

/**
 * YaRN (Peng et al. 2023, arXiv 2309.00071; {@code rope_type: yarn} in transformers): pairs that turn seldom within the original
 * context are slowed by the factor, those that turn often stay, in between the two are blended; and what is rotated grows by a
 * magnitude, {@code m(a) = 0.1 a ln(factor) + 1}.
 */
@Choice("yarn")
public record YarnRopeScaling(
        @Key("How much longer the context has become.") double factor,

        @Key("Context that the model was first trained with.")
        int original,

        @Key(value = "Turns within the original context over which a pair stays.", byDefault = "32")
        double betaFast,

        @Key(value = "Turns within the original context under which a pair is slowed.", byDefault = "1")
        double betaSlow,

        @Key("Slope a of the magnitude, which is divided by that of mscale_all_dim; counts only beside it.")
        Optional<Double> mscale,

        @Key("Slope a of what mscale is divided by; latent attention multiplies its scores by the square of m of it.")
        Optional<Double> mscaleAllDim,

        @Key(
                value = "Magnitude of what is rotated.",
                derived = "m(mscale) / m(mscale_all_dim), or m(1) where one of them is not given")
        Optional<Double> attentionFactor)
        implements RopeScaling, Validated {

    @Override
    public void apply(float[] inverseFrequencies, double base) {
        int pairs = inverseFrequencies.length;
        double low = Math.max(Math.floor(pairTurning(betaFast, 2 * pairs, base)), 0);
        double high = Math.min(Math.ceil(pairTurning(betaSlow, 2 * pairs, base)), 2 * pairs - 1);
        // As transformers does, against a division by zero.
        double top = high == low ? high + 0.001 : high;
        for (int i = 0; i < pairs; i++) {
            float position = (float) StrictMath.pow(base, 2f * i / (2 * pairs));
            float slowed = 1 / ((float) factor * position);
            float kept = 1 - Math.clamp((i - (float) low) / (float) (top - low), 0f, 1f);
            inverseFrequencies[i] = slowed * (1 - kept) + inverseFrequencies[i] * kept;
        }
    }

    /** The pair, as a fraction, that makes {@code turns} turns within the original context. */
    private double pairTurning(double turns, int rotated, double base) {
        return rotated * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }

    @Override
    public double magnitude() {
        return attentionFactor.orElseGet(() -> mscale.isPresent() && mscaleAllDim.isPresent()
                ? magnitude(mscale.get()) / magnitude(mscaleAllDim.get())
                : magnitude(1));
    }

    @Override
    public double latentScoreFactor() {
        double magnitude = mscaleAllDim.map(this::magnitude).orElse(1.0);
        return magnitude * magnitude;
    }

    private double magnitude(double slope) {
        return factor <= 1 ? 1 : 0.1 * slope * Math.log(factor) + 1;
    }

    @Override
    public void validate(Faults faults) {
        if (!(factor >= 1)) {
            faults.add("factor", "is " + factor + ", must be at least 1", "40 is usual");
        }
        if (original < 1) {
            faults.add("original", "is " + original + ", must be at least 1", "4096 is usual");
        }
        if (!(betaSlow > 0 && betaFast > betaSlow)) {
            faults.add(
                    "beta_slow",
                    "is " + betaSlow + " and beta_fast is " + betaFast
                            + ", but they must be above 0 and beta_slow under beta_fast",
                    "1 and 32 are usual");
        }
        positive(faults, "mscale", mscale);
        positive(faults, "mscale_all_dim", mscaleAllDim);
        positive(faults, "attention_factor", attentionFactor);
    }

    private static void positive(Faults faults, String key, Optional<Double> value) {
        value.filter(number -> !(number > 0))
                .ifPresent(number -> faults.add(key, "is " + number + ", must be above 0", "1 is usual"));
    }
}
