package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.Optional;

/**
 * Lightning Attention (Qin et al. 2024, arXiv 2405.17381), for each head with a fixed decay of the head and the layer:
 * <pre>
 * q, k, v = silu(projections of the input),    S_t = lambda S_{t-1} + k_t v_t^T,    o_t = S_t^T q_t
 * output(norm(o) * sigmoid(g))
 * </pre>
 * with a norm over the width of all heads. Head h of H in layer l of L has the decay {@code log lambda = -2^(-8 (h + 1) / H)
 * (1 - l / (L - 1 + 1e-5) + 1e-5)} in MiniMax-01 (arXiv 2501.08313) and {@code -(8 h / H) (1 - l / L)} in TransNormerLLM
 * (arXiv 2307.14995), both counted from 0.
 *
 * <p>Products between positions cost {@code 4 heads head_size^2} FLOPs a token forward, at any length. A decoder keeps the
 * states, {@code heads head_size^2} numbers.
 */
@Choice("lightning")
public record LightningConfig(
        @Key("Heads.") int heads,

        @Key(value = "Columns of a head.", derived = "dim / heads")
        Optional<Integer> headSize,

        @Key(value = "Whose formula gives the decays by head and layer.", byDefault = "minimax")
        Decays decays,

        @Key(value = "Divide queries by sqrt(head_size).", byDefault = "false")
        boolean scale)
        implements MixerConfig {

    /** Formulas of the decay. */
    public enum Decays {
        /** MiniMax-01. */
        MINIMAX {
            @Override
            double log(int head, int heads, int layer, int layers) {
                return -Math.pow(2, -8.0 * (head + 1) / heads) * (1 - layer / (layers - 1 + 1e-5) + 1e-5);
            }
        },
        /** TransNormerLLM. */
        TRANSNORMER {
            @Override
            double log(int head, int heads, int layer, int layers) {
                return -8.0 * head / heads * (1 - (double) layer / layers);
            }
        };

        /** The logarithm of the decay; head and layer are counted from 0. */
        abstract double log(int head, int heads, int layer, int layers);
    }

    HeadSizes sizes(int dim) {
        int size = headSize.orElse(dim / heads);
        return new HeadSizes(heads, size, size);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", heads)) {
            return;
        }
        if (headSize.isPresent() || HeadRules.divideWidth(faults, path, heads, dim)) {
            HeadRules.size(
                    faults,
                    path + (headSize.isPresent() ? ".head_size" : ".heads"),
                    sizes(dim).key());
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new LightningMixer(this, construction, prefix);
    }
}
