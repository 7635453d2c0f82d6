package dev.braid.data;

import dev.braid.config.Faults;
import java.util.Optional;
import java.util.OptionalInt;

/** The {@code data} section: what the model learns from. */
public sealed interface DataConfig permits TextConfig, RecallConfig {
    /** Tokens a sample; empty for {@code model.context}. */
    Optional<Integer> sequence();

    /** Number of token ids, as far as the config tells. */
    OptionalInt vocabulary();

    /** Whether samples are kept for validation. */
    boolean validates();

    /**
     * Checks what depends on the length of a sample.
     *
     * @param tokens a sample, wherever that number came from
     * @param faults receives keys of this section
     */
    void validateFor(int tokens, Faults faults);
}
