package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;

/** Positions divided by a factor (Chen et al. 2023, arXiv 2306.15595), as in the global layers of Gemma 3. */
@Choice("linear")
public record LinearRopeScaling(
        @Key("What positions are divided by.") double factor) implements RopeScaling, Validated {
    @Override
    public void apply(float[] inverseFrequencies, double base) {
        for (int i = 0; i < inverseFrequencies.length; i++) {
            inverseFrequencies[i] /= (float) factor;
        }
    }

    @Override
    public void validate(Faults faults) {
        if (!(factor >= 1)) {
            faults.add("factor", "is " + factor + ", must be at least 1", "8 is usual");
        }
    }
}
