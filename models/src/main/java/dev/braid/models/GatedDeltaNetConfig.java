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
 * Gated DeltaNet (Yang et al. 2024, arXiv 2412.06464): a delta rule ({@link DeltaRuleMixer}) whose state decays by one number for each head,
 *
 * <pre>
 * alpha_t = exp(-exp(a_log) softplus(W_a x_t + dt_bias)),    y = W_o (rmsnorm(o) * silu(W_g x))
 * </pre>
 *
 * <p>as flash-linear-attention's {@code gated_deltanet} and transformers' {@code olmo_hybrid} and {@code qwen3_next} have it. FLOPs
 * and a decoder's state: those of the delta rule.
 */
@Choice("gated_deltanet")
public record GatedDeltaNetConfig(
        @Key("Heads of queries and keys.") int heads,

        @Key(value = "Heads of values, each with a state; a multiple of heads.", derived = "heads")
        Optional<Integer> valueHeads,

        @Key("Columns of a head of queries and keys, rows of its state.")
        int keySize,

        @Key(value = "Columns of a head of values, and of its state.", derived = "2 key_size")
        Optional<Integer> valueSize,

        @Key(value = "Tokens of the short convolution; none for SiLU alone.", byDefault = "4")
        Optional<Integer> conv,

        @Key(value = "Gate the output by silu of a projection.", byDefault = "true")
        boolean gate,

        @Key(value = "Let beta reach from 0 to 2, so that states can change sign.", byDefault = "false")
        boolean negativeEigenvalues,

        @Key(value = "Epsilon of the norm of each head.", derived = "model.norm_eps")
        Optional<Double> normEps)
        implements MixerConfig {

    private DeltaRuleMixer.Settings settings() {
        HeadSizes sizes = new HeadSizes(valueHeads.orElse(heads), keySize, valueSize.orElse(2 * keySize));
        return new DeltaRuleMixer.Settings(heads, sizes, conv, negativeEigenvalues, normEps);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        settings().validate(path, faults);
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new GatedDeltaNetMixer(this, construction, prefix);
    }

    private static final class GatedDeltaNetMixer extends DeltaRuleMixer {
        private final LearnedDecay decay;

        GatedDeltaNetMixer(GatedDeltaNetConfig config, Construction construction, String prefix) {
            Settings settings = config.settings();
            Projections projections = settings.projections(construction, prefix).toHeads("decay", 1);
            if (config.gate) {
                projections.toHeads("gate", settings.sizes().value());
            }
            super(construction, settings, projections, config.gate ? Gating.SILU_AFTER : Gating.NONE);
            decay = LearnedDecay.of(projections, 1, Optional.empty());
        }

        @Override
        Optional<Variable> logDecay(Tape tape, List<Variable> more) {
            return Optional.of(decay.log(tape, more.getFirst()));
        }

        @Override
        Optional<Variable> gate(Tape tape, List<Variable> more) {
            return more.stream().skip(1).findFirst();
        }
    }
}
