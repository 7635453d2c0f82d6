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
        Optional<Integer> validateEvery,

        @Key(
                "Step, from 1, of which every rank records what it does when; the run's folder then has trace-step-N.json, to be"
                        + " opened in ui.perfetto.dev. None records nothing.")
        Optional<Integer> trace)
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
        if (trace.isPresent() && (trace.get() < 1 || trace.get() > steps)) {
            faults.add(
                    "trace",
                    "is " + trace.get() + ", but the steps of the run are " + (steps < 1 ? "none" : "1 to " + steps),
                    steps < 1 ? "remove it" : "name one of them, or remove it");
        }
    }
}
