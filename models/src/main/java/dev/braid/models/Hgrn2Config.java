package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.Optional;

/**
 * HGRN2 (Qin et al. 2024, arXiv 2404.07904): gated linear attention whose keys are what its gates forget,
 * <pre>
 * f_t = b_l + (1 - b_l) sigmoid(W_f x_t),    S_t = Diag(f_t) S_{t-1} + (1 - f_t) v_t^T
 * o_t = S_t^T silu(W_q x_t) / sqrt(key_size),    output(norm(o))
 * </pre>
 * with a norm over the width of all heads. The lower bounds b_l grow with the layer l from zero in the model's first one: {@link
 * dev.braid.tensor.autograd.LowerBounds} of one parameter, a row for each layer of the model, which the first layer with this mixer
 * has and hands to the later ones.
 *
 * <p>Products between positions cost {@code 4 heads key_size value_size} FLOPs a token forward, at any length. A decoder keeps
 * the states, {@code heads key_size value_size} numbers, and, with a convolution, the last {@code conv - 1} of q, f and v.
 */
@Choice("hgrn2")
public record Hgrn2Config(
        @Key("Heads.") int heads,

        @Key(value = "Columns of a head of q and f: how far a state is wider than a vector.", derived = "dim / heads")
        Optional<Integer> keySize,

        @Key(value = "Columns of a head of v.", derived = "dim / heads")
        Optional<Integer> valueSize,

        @Key(value = "Learned lower bounds of the forget gates, higher in later layers.", byDefault = "true")
        boolean lowerBounds,

        @Key(value = "Tokens that a convolution over q, f and v sees; none for no convolution.")
        Optional<Integer> conv,

        @Key(value = "Epsilon of the norm, whatever model.norm_eps is.", byDefault = "1.0e-5")
        double normEps)
        implements MixerConfig {

    HeadSizes sizes(int dim) {
        return new HeadSizes(heads, keySize.orElse(dim / heads), valueSize.orElse(dim / heads));
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", heads)) {
            return;
        }
        boolean given = keySize.isPresent() && valueSize.isPresent();
        if (given || HeadRules.divideWidth(faults, path, heads, dim)) {
            sizes(dim).validate(path, faults);
        }
        conv.ifPresent(width -> HeadRules.convolution(faults, path + ".conv", width));
        if (!(normEps > 0)) {
            faults.add(path + ".norm_eps", "is " + normEps + ", must be above 0", "1.0e-5 is usual");
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new Hgrn2Mixer(this, construction, prefix);
    }
}
