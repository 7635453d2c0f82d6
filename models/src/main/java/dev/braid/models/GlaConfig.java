package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.Optional;

/**
 * Gated linear attention (Yang et al. 2023, arXiv 2312.06635), for each head with a decay for each row of its state:
 * <pre>
 * log a_t = log_sigmoid(W_2 W_1 x_t + b) / decay_divisor
 * S_t = Diag(a_t) S_{t-1} + k_t v_t^T,    o_t = S_t^T q_t / sqrt(key_size)
 * output(norm(o) * silu(g))
 * </pre>
 * with one norm for each head, whose weight heads share.
 *
 * <p>Products between positions cost {@code 4 heads key_size value_size} FLOPs a token forward, at any length. A decoder keeps
 * the states, {@code heads key_size value_size} numbers, and, with a convolution, the last {@code conv - 1} of q, k and v.
 */
@Choice("gla")
public record GlaConfig(
        @Key("Heads.") int heads,

        @Key(value = "Columns of a head of q and k.", derived = "dim / (2 heads)")
        Optional<Integer> keySize,

        @Key(value = "Columns of a head of v.", derived = "dim / heads")
        Optional<Integer> valueSize,

        @Key(value = "Columns between the two projections that make the decay.", byDefault = "16")
        int decayRank,

        @Key(value = "What the logarithm of the decay is divided by.", byDefault = "16")
        double decayDivisor,

        @Key(value = "Tokens that a convolution with silu over q, k and v sees; none for no convolution.")
        Optional<Integer> conv,

        @Key(value = "Multiply by silu of a projection of the input, behind the norm.", byDefault = "true")
        boolean gate)
        implements MixerConfig {

    HeadSizes sizes(int dim) {
        return new HeadSizes(heads, keySize.orElse(dim / (2 * heads)), valueSize.orElse(dim / heads));
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", heads)) {
            return;
        }
        if (keySize.isEmpty() && dim % (2 * heads) != 0) {
            faults.add(
                    path + ".heads",
                    "is " + heads + ", twice of which does not divide model.dim " + dim,
                    "choose another number, or give key_size");
        } else if (valueSize.isPresent() || HeadRules.divideWidth(faults, path, heads, dim)) {
            sizes(dim).validate(path, faults);
        }
        HeadRules.positive(faults, path + ".decay_rank", decayRank);
        if (!(decayDivisor > 0)) {
            faults.add(path + ".decay_divisor", "is " + decayDivisor + ", must be above 0", "16 is usual");
        }
        conv.ifPresent(width -> HeadRules.convolution(faults, path + ".conv", width));
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new GlaMixer(this, construction, prefix);
    }
}
