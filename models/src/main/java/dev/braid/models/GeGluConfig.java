package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.tensor.autograd.Operations;
import java.util.List;

/** {@code down(gelu(gate(x)) * up(x))} (Shazeer 2020, arXiv 2002.05202), gelu approximated by tanh as in Gemma. */
@Choice("geglu")
public record GeGluConfig(@Key("Inner width.") int hidden) implements FeedForwardConfig, Validated {
    @Override
    public void validate(Faults faults) {
        if (hidden < 1) {
            faults.add("hidden", "is " + hidden + ", must be at least 1", "8/3 of model.dim is usual");
        }
    }

    @Override
    public List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        return hidden < ranks ? List.of("more ranks than the hidden width " + hidden + " of " + name) : List.of();
    }

    @Override
    public FeedForward build(Construction construction, String prefix) {
        return new GatedFeedForward(hidden, Operations::geGlu, 1, 1, construction, prefix);
    }
}
