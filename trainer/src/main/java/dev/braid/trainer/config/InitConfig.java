package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;

/** What the weights are before the first step. */
public record InitConfig(
        @Key("A checkpoint, a run or a Hugging Face folder whose weights to start from; none draws them from the seed.")
        Optional<String> from)
        implements Validated {
    @Override
    public void validate(Faults faults) {
        if (from.isPresent() && from.get().isBlank()) {
            faults.add("from", "is empty, must name a folder", "none draws the weights from the seed");
        }
    }
}
