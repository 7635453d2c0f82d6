package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.routing.HashRouter;
import dev.braid.tensor.routing.Router;

/** Experts by the token id, from a table that is drawn and not learnt: see {@link HashRouter}. */
@Choice("hash")
public record HashRouterConfig(
        @Key(value = "Seed of the table.", byDefault = "0") int seed) implements RouterConfig {
    @Override
    public void validate(MoeConfig moe, String path, Faults faults) {
        // Any seed will do.
    }

    @Override
    public boolean hasLogits() {
        return false;
    }

    @Override
    public boolean takesBias() {
        return false;
    }

    @Override
    public Router build(MoeConfig moe) {
        return new HashRouter(moe.topK(), seed);
    }
}
