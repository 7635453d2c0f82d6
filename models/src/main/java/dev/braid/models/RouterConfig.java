package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.tensor.routing.Router;

/** Settings of the choice of experts; each permitted record is a kind that {@code type:} can name. */
public sealed interface RouterConfig permits SoftmaxRouterConfig {
    /**
     * Reports every rule that is broken.
     *
     * @param moe that it chooses for
     * @param path key of this router relative to the mixture
     */
    void validate(MoeConfig moe, String path, Faults faults);

    /** The strategy. */
    Router build(MoeConfig moe);
}
