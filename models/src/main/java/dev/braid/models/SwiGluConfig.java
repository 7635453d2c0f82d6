package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.tensor.autograd.Operations;
import java.util.List;

/** {@code down_scale * down(silu(gate_scale * gate(x)) * up(x))} (Shazeer 2020, arXiv 2002.05202). */
@Choice("swiglu")
public record SwiGluConfig(
        @Key("Inner width.") int hidden,

        @Key(value = "Fixed factor of the gate (Falcon-H1: the first of mlp_multipliers).", byDefault = "1")
        double gateScale,

        @Key(value = "Fixed factor of the output (Falcon-H1: the second of mlp_multipliers).", byDefault = "1")
        double downScale)
        implements FeedForwardConfig, Validated {
    /** Without factors. */
    public SwiGluConfig(int hidden) {
        this(hidden, 1, 1);
    }

    @Override
    public void validate(Faults faults) {
        if (hidden < 1) {
            faults.add("hidden", "is " + hidden + ", must be at least 1", "8/3 of model.dim is usual");
        }
        factor(faults, "gate_scale", gateScale);
        factor(faults, "down_scale", downScale);
    }

    private static void factor(Faults faults, String key, double value) {
        if (!(Math.abs(value) > 0) || Double.isInfinite(value)) {
            faults.add(key, "is " + value + ", must be a number other than 0", "1 leaves values as they are");
        }
    }

    @Override
    public List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        return hidden < ranks ? List.of("more ranks than the hidden width " + hidden + " of " + name) : List.of();
    }

    @Override
    public FeedForward build(Construction construction, String prefix) {
        return new GatedFeedForward(hidden, Operations::swiGlu, gateScale, downScale, construction, prefix);
    }
}
