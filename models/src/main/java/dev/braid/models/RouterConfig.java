package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.tensor.routing.Router;

/** Settings of the choice of experts; each permitted record is a kind that {@code type:} can name. */
public sealed interface RouterConfig
        permits ExpertChoiceRouterConfig,
                HashRouterConfig,
                NoisyTopKRouterConfig,
                SigmoidRouterConfig,
                SoftmaxRouterConfig {
    /**
     * Reports every rule that is broken.
     *
     * @param moe that it chooses for
     * @param path key of this router relative to the mixture
     */
    void validate(MoeConfig moe, String path, Faults faults);

    /** Whether a capacity makes sense: not where experts have one by themselves. */
    default boolean takesCapacity() {
        return true;
    }

    /** Whether it has logits that a z-loss can keep small. */
    default boolean hasLogits() {
        return true;
    }

    /** Whether a bias can change its choice. */
    default boolean takesBias() {
        return true;
    }

    /** The strategy. */
    Router build(MoeConfig moe);
}
