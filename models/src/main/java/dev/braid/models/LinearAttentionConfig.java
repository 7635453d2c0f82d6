package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.ops.ElementFunction;
import java.util.Locale;
import java.util.Optional;

/**
 * Linear attention (Katharopoulos et al. 2020, arXiv 2006.16236), for each head with a feature map phi:
 * <pre>
 * S_t = S_{t-1} + phi(k_t) v_t^T,    z_t = z_{t-1} + phi(k_t),    o_t = S_t^T phi(q_t) / (z_t^T phi(q_t))
 * output(o)
 * </pre>
 * Without the normaliser z, {@code o_t = S_t^T phi(q_t) / sqrt(key_size)}, and a norm over each head keeps it in bounds.
 *
 * <p>Products between positions cost {@code 4 heads key_size value_size} FLOPs a token forward at any length, the normaliser
 * {@code 4 heads key_size} more. A decoder keeps the states, {@code heads key_size value_size} numbers, and the normaliser's.
 */
@Choice("linear_attention")
public record LinearAttentionConfig(
        @Key("Heads.") int heads,

        @Key(value = "Columns of a head of q and k.", derived = "dim / heads")
        Optional<Integer> keySize,

        @Key(value = "Columns of a head of v.", derived = "dim / heads")
        Optional<Integer> valueSize,

        @Key(value = "What q and k go through: elu(x) + 1, relu(x), silu(x) or x itself.", byDefault = "elu_plus_one")
        FeatureMap featureMap,

        @Key(value = "Divide by the sum of weights; needs positive features.", byDefault = "true")
        boolean normalise,

        @Key(value = "RMSNorm over each head before the output projection.", byDefault = "false")
        boolean norm)
        implements MixerConfig {

    /** What queries and keys go through. */
    public enum FeatureMap {
        /** Positive everywhere. */
        ELU_PLUS_ONE(Optional.of(ElementFunction.ELU_PLUS_ONE)),
        /** Zero below zero. */
        RELU(Optional.of(ElementFunction.RELU)),
        /** Nearly zero below zero. */
        SILU(Optional.of(ElementFunction.SILU)),
        /** Nothing happens. */
        IDENTITY(Optional.empty());

        private final Optional<ElementFunction> function;

        FeatureMap(Optional<ElementFunction> function) {
            this.function = function;
        }

        Optional<ElementFunction> function() {
            return function;
        }
    }

    HeadSizes sizes(int dim) {
        return new HeadSizes(heads, keySize.orElse(dim / heads), valueSize.orElse(dim / heads));
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", heads)) {
            return;
        }
        if ((keySize.isPresent() && valueSize.isPresent()) || HeadRules.divideWidth(faults, path, heads, dim)) {
            sizes(dim).validate(path, faults);
        }
        if (normalise && featureMap != FeatureMap.ELU_PLUS_ONE) {
            faults.add(
                    path + ".normalise",
                    "divides by a sum that may be zero with feature_map "
                            + featureMap.name().toLowerCase(Locale.ROOT),
                    "use elu_plus_one, or normalise: false with norm: true");
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new LinearAttentionMixer(this, construction, prefix);
    }
}
