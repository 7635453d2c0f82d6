package dev.braid.models;

import dev.braid.tensor.parameters.Parameter.Initialization;

/** How a model's weights are drawn: normal, narrower for projections that add to the residual stream (as GPT-2 does). */
record Initializations(Initialization inner, Initialization intoResidual) {
    static Initializations of(ModelConfig config) {
        double deviation = config.initStd();
        return new Initializations(
                new Initialization.Normal(deviation),
                new Initialization.Normal(deviation / Math.sqrt(2.0 * config.layers())));
    }
}
