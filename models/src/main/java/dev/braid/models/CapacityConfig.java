package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.routing.Capacity;

/** The most tokens that an expert takes of a micro-batch: see {@link Capacity}. */
public record CapacityConfig(
        @Key(
                value =
                        "Room for so many times the tokens that an expert gets when all get as many, rounded up: ceil(factor * top_k *"
                                + " tokens / experts).",
                byDefault = "1.25")
        double factor,

        @Key(
                value =
                        "Which tokens go without an expert that is full: probability: those with the least probability for it;"
                                + " position: those that come last.",
                byDefault = "probability")
        Capacity.Drop drop) {
    /** Reports every rule that is broken; {@code path} is its key relative to the mixture. */
    void validate(String path, Faults faults) {
        if (!(factor > 0) || Double.isInfinite(factor)) {
            faults.add(
                    path + ".factor",
                    "is " + factor + ", must be a positive number: an expert would have room for no token",
                    "1.25 is usual; remove " + path + " to drop no token");
        }
    }

    /** Reports a room of less than one token of a sequence of {@code context} tokens. */
    void validateRoom(MoeConfig moe, int context, String path, Faults faults) {
        double room = factor * moe.topK() * context / moe.experts();
        if (factor > 0 && room < 1) {
            faults.add(
                    path + ".factor",
                    "is " + factor + ", which leaves an expert room for " + room + " tokens of a sequence of " + context
                            + ": less than one",
                    "set it to at least experts / (top_k * context) = "
                            + moe.experts() / ((double) moe.topK() * context) + ", 1.25 is usual; remove " + path
                            + " to drop no token");
        }
    }

    Capacity build() {
        return new Capacity(factor, drop);
    }
}
