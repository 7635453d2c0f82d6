package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;

/**
 * The channel mixing of RWKV-7 (Peng et al. 2025, arXiv 2503.14456): {@code value(max(key(x_t + (x_{t-1} - x_t) mu), 0)^2)}. A
 * decoder keeps the last input: {@code dim} numbers.
 */
@Choice("rwkv_channel_mix")
public record RwkvChannelMixConfig(@Key("Inner width.") int hidden) implements FeedForwardConfig, Validated {
    @Override
    public void validate(Faults faults) {
        if (hidden < 1) {
            faults.add("hidden", "is " + hidden + ", must be at least 1", "4 times model.dim is usual");
        }
    }

    @Override
    public FeedForward build(Construction construction, String prefix) {
        return new RwkvChannelMix(this, construction, prefix);
    }
}
