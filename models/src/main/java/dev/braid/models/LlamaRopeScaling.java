package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;

/**
 * The stretch of Llama 3.1 (arXiv 2407.21783; {@code rope_type: llama3} in transformers): wavelengths over {@code original / low}
 * grow by the factor, those under {@code original / high} stay, and in between the two are blended.
 */
@Choice("llama3")
public record LlamaRopeScaling(
        @Key("How much long wavelengths grow.") double factor,

        @Key(value = "Turns within the original context under which a wavelength counts as long.", byDefault = "1")
        double low,

        @Key(value = "Turns within the original context over which a wavelength stays.", byDefault = "4")
        double high,

        @Key(value = "Context that the model was first trained with.", byDefault = "8192")
        int original)
        implements RopeScaling, Validated {

    @Override
    public void apply(float[] inverseFrequencies, double base) {
        float stretch = (float) factor;
        for (int i = 0; i < inverseFrequencies.length; i++) {
            float frequency = inverseFrequencies[i];
            float turns = original / ((float) (2 * Math.PI) / frequency);
            if (turns < low) {
                inverseFrequencies[i] = frequency / stretch;
            } else if (turns <= high) {
                float kept = (turns - (float) low) / (float) (high - low);
                inverseFrequencies[i] = (1 - kept) * frequency / stretch + kept * frequency;
            }
        }
    }

    @Override
    public void validate(Faults faults) {
        if (!(factor >= 1)) {
            faults.add("factor", "is " + factor + ", must be at least 1", "8 is usual");
        }
        if (!(low > 0 && high > low)) {
            faults.add(
                    "low",
                    "is " + low + " and high is " + high + ", but they must be above 0 and low under high",
                    "1 and 4 are usual");
        }
        if (original < 1) {
            faults.add("original", "is " + original + ", must be at least 1", "8192 is usual");
        }
    }
}
