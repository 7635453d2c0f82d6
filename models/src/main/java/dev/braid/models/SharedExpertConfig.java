package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;

/** An expert that every token goes through, beside those that are chosen. */
public record SharedExpertConfig(
        @Key("Inner width.") int hidden,

        @Key(value = "Factor sigmoid(w x) of its output (Qwen2-MoE).", byDefault = "false")
        boolean gated) {
    void validate(String path, Faults faults) {
        if (hidden < 1) {
            faults.add(path + ".hidden", "is " + hidden + ", must be at least 1", "that of one chosen expert is usual");
        }
    }
}
