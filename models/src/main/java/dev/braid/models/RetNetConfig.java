package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.Optional;

/**
 * The retention of RetNet (Sun et al. 2023, arXiv 2307.08621), for each head h with queries and keys rotated by their position:
 * <pre>
 * S_t = (1 - 2^(-5-h)) S_{t-1} + k_t v_t^T,    o_t = S_t^T q_t / sqrt(key_size)
 * output(norm(o) * silu(g))
 * </pre>
 * with one norm for each head, whose weight heads share.
 *
 * <p>Products between positions cost {@code 4 heads key_size value_size} FLOPs a token forward, at any length. A decoder keeps
 * the states, {@code heads key_size value_size} numbers.
 */
@Choice("retnet")
public record RetNetConfig(
        @Key("Heads; their decays go from 1 - 1/32 towards 1.")
        int heads,

        @Key(value = "Columns of a head of q and k.", derived = "dim / heads")
        Optional<Integer> keySize,

        @Key(value = "Columns of a head of v.", derived = "2 dim / heads")
        Optional<Integer> valueSize,

        @Key(value = "Rotary positions of q and k; none for no rotation.", byDefault = "{base: 10000}")
        Optional<RopeConfig> rope,

        @Key(value = "Multiply by silu of a projection of the input, behind the norm.", byDefault = "true")
        boolean gate)
        implements MixerConfig {

    HeadSizes sizes(int dim) {
        return new HeadSizes(heads, keySize.orElse(dim / heads), valueSize.orElse(2 * dim / heads));
    }

    /** The logarithm of a head's decay. */
    static double logDecay(int head) {
        return Math.log1p(-Math.pow(2, -5.0 - head));
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", heads)) {
            return;
        }
        boolean given = keySize.isPresent() && valueSize.isPresent();
        if (given || HeadRules.divideWidth(faults, path, heads, dim)) {
            HeadSizes sizes = sizes(dim);
            sizes.validate(path, faults);
            rope.ifPresent(settings -> validateRotation(settings, sizes.key(), path, faults));
        }
    }

    private static void validateRotation(RopeConfig settings, int size, String path, Faults faults) {
        if (settings.fraction() == 1 && size % 2 != 0) {
            faults.add(
                    path + ".key_size",
                    "is " + size + ", but rotary positions need an even size",
                    "choose an even key_size, or rope: none");
        } else {
            HeadRules.rotatedPart(faults, path, settings, size);
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new RetNetMixer(this, construction, prefix);
    }
}
