package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;

/** When the run is saved. The last step always is. */
public record CheckpointConfig(
        @Key(value = "Steps between checkpoints; none saves the last step only.", byDefault = "500")
        Optional<Integer> every,

        @Key(value = "How many of the newest checkpoints stay.", byDefault = "2")
        int keep)
        implements Validated {
    @Override
    public void validate(Faults faults) {
        if (every.isPresent() && every.get() < 1) {
            faults.add("every", "is " + every.get() + ", must be at least 1", "none saves the last step only");
        }
        if (keep < 1) {
            faults.add("keep", "is " + keep + ", must be at least 1", "the newest checkpoint always stays");
        }
    }
}
