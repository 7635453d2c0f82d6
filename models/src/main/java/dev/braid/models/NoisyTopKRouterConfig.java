package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.tensor.routing.NoisyTopKRouter;
import dev.braid.tensor.routing.Router;

/** The best experts under noise whose strength is learnt (Shazeer): see {@link NoisyTopKRouter}. */
@Choice("noisy_top_k")
public record NoisyTopKRouterConfig() implements RouterConfig {
    @Override
    public void validate(MoeConfig moe, String path, Faults faults) {
        // Without keys there is nothing to break.
    }

    @Override
    public Router build(MoeConfig moe) {
        return new NoisyTopKRouter(moe.topK());
    }
}
