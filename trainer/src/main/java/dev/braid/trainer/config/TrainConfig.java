package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;

/** How long to train, and what happens on the way. */
public record TrainConfig(
        @Key("Optimizer steps; 0 only writes the initial checkpoint.")
        int steps,

        @Key(
                value =
                        "What the backward pass computes again instead of keeping it: nothing, or the inside of each block.",
                byDefault = "none",
                allowed = {"none", "block"})
        String recompute,

        @Key("Steps between evaluations on the validation split; none evaluates after the last step only.")
        Optional<Integer> validateEvery)
        implements Validated {

    /** Whether each block's activations are computed again in the backward pass. */
    public boolean recomputesBlocks() {
        return recompute.equals("block");
    }

    @Override
    public void validate(Faults faults) {
        if (steps < 0) {
            faults.add("steps", "is " + steps + ", must not be negative", "0 only writes the initial checkpoint");
        }
        if (validateEvery.isPresent() && validateEvery.get() < 1) {
            faults.add(
                    "validate_every",
                    "is " + validateEvery.get() + ", must be at least 1",
                    "none evaluates after the last step only");
        }
    }
}
