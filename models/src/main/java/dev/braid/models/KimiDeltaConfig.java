package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;

/**
 * Kimi Delta Attention (Kimi Team 2025, arXiv 2510.26692), a delta rule ({@link DeltaRuleMixer}) with a decay for each row of a
 * state:
 *
 * <pre>
 * alpha_t = exp(-exp(a_log) softplus(W_f2 W_f1 x_t + dt_bias)),    y = W_o (rmsnorm(o) * sigmoid(W_g2 W_g1 x + b_g))
 * </pre>
 *
 * <p>FLOPs and a decoder's state: those of the delta rule.
 */
@Choice("kda")
public record KimiDeltaConfig(
        @Key("Heads of queries and keys.") int heads,

        @Key(value = "Heads of values, each with a state; a multiple of heads.", derived = "heads")
        Optional<Integer> valueHeads,

        @Key("Columns of a head of queries and keys, rows of its state.")
        int keySize,

        @Key(value = "Columns of a head of values and of its state; the rank of decay and gate.", derived = "key_size")
        Optional<Integer> valueSize,

        @Key(value = "Tokens of the short convolution; none for SiLU alone.", byDefault = "4")
        Optional<Integer> conv,

        @Key(value = "Let beta reach from 0 to 2, so that states can change sign.", byDefault = "false")
        boolean negativeEigenvalues,

        @Key("Lowest logarithm of a decay, below 0; without one it has no limit.")
        Optional<Double> lowerBound,

        @Key(value = "Epsilon of the norm of each head.", derived = "model.norm_eps")
        Optional<Double> normEps)
        implements MixerConfig {

    private DeltaRuleMixer.Settings settings() {
        HeadSizes sizes = new HeadSizes(valueHeads.orElse(heads), keySize, valueSize.orElse(keySize));
        return new DeltaRuleMixer.Settings(heads, sizes, conv, negativeEigenvalues, normEps);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        settings().validate(path, faults);
        LearnedDecay.validate(lowerBound, path + ".lower_bound", faults);
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new KimiDeltaMixer(this, construction, prefix);
    }

    private static final class KimiDeltaMixer extends DeltaRuleMixer {
        private final Weight decayOut;
        private final LearnedDecay decay;
        private final Weight gateOut;
        private final Weight gateBias;

        KimiDeltaMixer(KimiDeltaConfig config, Construction construction, String prefix) {
            Settings settings = config.settings();
            int rank = settings.sizes().value();
            Projections projections = settings.projections(construction, prefix)
                    .toAll("decay_in", rank)
                    .toAll("gate_in", rank);
            super(construction, settings, projections, Gating.SIGMOID_AFTER);
            decayOut = projections.second("decay_out.weight", rank, config.keySize);
            decay = LearnedDecay.of(projections, config.keySize, config.lowerBound);
            gateOut = projections.second("gate_out.weight", rank, rank);
            gateBias = projections.perHead("gate_out.bias", rank, new Initialization.Constant(0));
        }

        @Override
        Optional<Variable> logDecay(Tape tape, List<Variable> more) {
            return Optional.of(decay.log(tape, Operations.linear(tape, more.get(0), decayOut)));
        }

        @Override
        Optional<Variable> gate(Tape tape, List<Variable> more) {
            return Optional.of(Operations.addBias(tape, Operations.linear(tape, more.get(1), gateOut), gateBias));
        }
    }
}
