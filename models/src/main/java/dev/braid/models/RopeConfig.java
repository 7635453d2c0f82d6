package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.tensor.ops.RopeTable;
import java.util.Optional;

/** Rotary position embedding (Su et al. 2021, arXiv 2104.09864), halves rotated against each other as in Llama. */
public record RopeConfig(
        @Key(value = "Base of the geometric row of wavelengths.", byDefault = "10000")
        double base,

        @Key(value = "Part of each head that is rotated: its first values.", byDefault = "1")
        double fraction,

        @Key(value = "How a model for long contexts stretches the wavelengths; none to leave them.", byDefault = "none")
        Optional<RopeScaling> scaling)
        implements Validated {

    /** Whole heads, wavelengths as they are. */
    public RopeConfig(double base) {
        this(base, 1, Optional.empty());
    }

    /** Values of a head of {@code headSize} that are rotated. */
    public int rotated(int headSize) {
        return (int) (headSize * fraction);
    }

    /** Radians a position of each pair of rotated values. */
    float[] inverseFrequencies(int headSize) {
        float[] frequencies = RopeTable.inverseFrequencies(rotated(headSize), base);
        scaling.ifPresent(stretch -> stretch.apply(frequencies, base));
        return frequencies;
    }

    /** Cosines and sines of heads of {@code headSize} at positions from 0 until {@code positions}. */
    RopeTable table(int headSize, int positions) {
        double magnitude = scaling.map(RopeScaling::magnitude).orElse(1.0);
        return new RopeTable(inverseFrequencies(headSize), positions, (float) magnitude);
    }

    @Override
    public void validate(Faults faults) {
        if (!(base > 1)) {
            faults.add("base", "is " + base + ", must be above 1", "10000 is usual, 500000 for long contexts");
        }
        if (!(fraction > 0 && fraction <= 1)) {
            faults.add("fraction", "is " + fraction + ", must be above 0 and at most 1", "0.5 and 1 are usual");
        }
    }
}
