package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;

/** Rotary position embedding (Su et al. 2021, arXiv 2104.09864), halves rotated against each other as in Llama. */
public record RopeConfig(
        @Key(value = "Base of the geometric row of wavelengths.", byDefault = "10000")
        double base) implements Validated {
    @Override
    public void validate(Faults faults) {
        if (!(base > 1)) {
            faults.add("base", "is " + base + ", must be above 1", "10000 is usual, 500000 for long contexts");
        }
    }
}
