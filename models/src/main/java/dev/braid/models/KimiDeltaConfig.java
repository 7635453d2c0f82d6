package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
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

    private StateHeads stateHeads() {
        return new StateHeads(heads, valueHeads.orElse(heads), keySize, valueSize.orElse(keySize));
    }

    private DeltaRuleMixer.Settings settings() {
        return new DeltaRuleMixer.Settings(conv, negativeEigenvalues, normEps);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        stateHeads().validate(path, faults);
        settings().validate(path, faults);
        lowerBound
                .filter(bound -> !(bound < 0))
                .ifPresent(
                        bound -> faults.add(path + ".lower_bound", "is " + bound + ", must be below 0", "-5 is usual"));
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new KimiDeltaMixer(this, new HeadWeights(construction, prefix, stateHeads()));
    }

    private static final class KimiDeltaMixer extends DeltaRuleMixer {
        private final Optional<Double> lowerBound;
        private final Weight decayOut;
        private final LearnedDecay decay;
        private final Weight gateOut;
        private final Weight gateBias;

        KimiDeltaMixer(KimiDeltaConfig config, HeadWeights weights) {
            int rank = weights.heads().valueSize();
            List<ParameterSpec> more = List.of(weights.whole("decay_in", rank), weights.whole("gate_in", rank));
            super(weights, config.settings(), Gating.SIGMOID_AFTER, more);
            lowerBound = config.lowerBound;
            decayOut = weights.add(weights.values("decay_out", config.keySize, rank));
            decay = LearnedDecay.of(weights, config.keySize);
            gateOut = weights.add(weights.values("gate_out", rank, rank));
            gateBias = weights.vector("gate_out.bias", rank, new Initialization.Constant(0));
        }

        @Override
        Optional<Variable> logDecay(Tape tape, List<Variable> more) {
            Variable step = Operations.linear(tape, more.get(0), decayOut);
            return Optional.of(
                    lowerBound.isPresent()
                            ? decay.boundedLog(tape, step, lowerBound.get().floatValue())
                            : decay.log(tape, step));
        }

        @Override
        Optional<Variable> gate(Tape tape, List<Variable> more) {
            return Optional.of(Operations.addBias(tape, Operations.linear(tape, more.get(1), gateOut), gateBias));
        }
    }
}
