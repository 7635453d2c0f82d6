package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.routing.Router;
import dev.braid.tensor.routing.SoftmaxRouter;

/** The most likely experts of a softmax (Mixtral, Qwen): see {@link SoftmaxRouter}. */
@Choice(value = "softmax", byDefault = true)
public record SoftmaxRouterConfig(
        @Key(
                value =
                        "Divide the weights of the experts that are taken by their sum (Mixtral, Qwen3); without it they are"
                                + " the probabilities among all experts (Qwen2).",
                byDefault = "true")
        boolean renormalise,

        @Key(value = "Factor of the weights.", byDefault = "1")
        double scale)
        implements RouterConfig {
    @Override
    public void validate(MoeConfig moe, String path, Faults faults) {
        RouterFaults.scale(scale, path, faults);
    }

    @Override
    public Router build(MoeConfig moe) {
        return new SoftmaxRouter(moe.topK(), renormalise, (float) scale);
    }
}
