package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.GroupNorm.Gating;
import java.util.List;
import java.util.Optional;

/**
 * DeltaNet (Schlag et al. 2021, arXiv 2102.11174; Yang et al. 2024, arXiv 2406.06484): a delta rule ({@link DeltaRuleMixer})
 * without decay,
 *
 * <pre>
 * y = W_o rmsnorm(o)    or, with a gate,    y = W_o (rmsnorm(o) * silu(W_g x))
 * </pre>
 *
 * <p>as flash-linear-attention's {@code delta_net} has it. FLOPs and a decoder's state: those of the delta rule.
 */
@Choice("deltanet")
public record DeltaNetConfig(
        @Key("Heads, each with a state.") int heads,

        @Key(value = "Columns of a head of queries and keys, rows of its state.", derived = "dim / heads")
        Optional<Integer> keySize,

        @Key(value = "Columns of a head of values, and of its state.", derived = "key_size")
        Optional<Integer> valueSize,

        @Key(value = "Tokens of the short convolution; none for SiLU alone.", byDefault = "4")
        Optional<Integer> conv,

        @Key(value = "Gate the output by silu of a projection.", byDefault = "false")
        boolean gate,

        @Key(value = "Let beta reach from 0 to 2, so that states can change sign.", byDefault = "false")
        boolean negativeEigenvalues,

        @Key(value = "Epsilon of the norm of each head.", derived = "model.norm_eps")
        Optional<Double> normEps)
        implements MixerConfig {

    private DeltaRuleMixer.Settings settings(int dim) {
        int size = keySize.orElse(dim / Math.max(1, heads));
        HeadSizes sizes = new HeadSizes(heads, size, valueSize.orElse(size));
        return new DeltaRuleMixer.Settings(heads, sizes, conv, negativeEigenvalues, normEps);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (keySize.isPresent() || heads < 1 || HeadRules.divideWidth(faults, path, heads, dim)) {
            settings(dim).validate(path, faults);
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new DeltaNetMixer(this, construction, prefix);
    }

    private static final class DeltaNetMixer extends DeltaRuleMixer {
        DeltaNetMixer(DeltaNetConfig config, Construction construction, String prefix) {
            Settings settings = config.settings(construction.model().dim());
            Projections projections = settings.projections(construction, prefix);
            if (config.gate) {
                projections.toHeads("gate", settings.sizes().value());
            }
            super(construction, settings, projections, config.gate ? Gating.SILU_AFTER : Gating.NONE);
        }

        @Override
        Optional<Variable> logDecay(Tape tape, List<Variable> more) {
            return Optional.empty();
        }

        @Override
        Optional<Variable> gate(Tape tape, List<Variable> more) {
            return more.stream().findFirst();
        }
    }
}
