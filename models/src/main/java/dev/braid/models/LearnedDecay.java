package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Parameter.Initialization.Of;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/**
 * The logarithm of a decay that a token chooses, as Mamba-2 has it (Dao and Gu 2024, arXiv 2405.21060):
 * {@code -exp(a_log) softplus(x + dt_bias)}, in F32. Rates start evenly from 1 to 16, steps from 0.001 to 0.1 evenly by their
 * logarithm. With a lower bound it is {@code bound sigmoid(exp(a_log) (x + dt_bias))}: no token forgets more than that.
 *
 * @param logRate a_log [heads]
 * @param stepBias dt_bias [heads size]
 */
record LearnedDecay(Weight logRate, Weight stepBias, Optional<Double> lowerBound) {
    private static final Initialization RATES = new Initialization.Uniform(1, 16, Of.LOGARITHM);
    private static final Initialization STEPS =
            new Initialization.Uniform(Math.log(1e-3), Math.log(1e-1), Of.SOFTPLUS_INVERSE_OF_EXPONENTIAL);

    /** Declares its parameters; {@code size} decays for each head. */
    static LearnedDecay of(Projections projections, int size, Optional<Double> lowerBound) {
        return new LearnedDecay(
                projections.perHead("a_log", 1, RATES), projections.perHead("dt_bias", size, STEPS), lowerBound);
    }

    /** Reports a bound, at {@code key}, that cannot be. */
    static void validate(Optional<Double> lowerBound, String key, Faults faults) {
        lowerBound
                .filter(bound -> !(bound < 0))
                .ifPresent(bound -> faults.add(key, "is " + bound + ", must be below 0", "-5 is usual"));
    }

    /** From what is projected [n, heads size]: F32, the same shape, negative. */
    Variable log(Tape tape, Variable x) {
        Variable step = Pointwise.plusBias(tape, Pointwise.convert(tape, x, DType.F32), stepBias);
        if (lowerBound.isEmpty()) {
            return Pointwise.decay(tape, Pointwise.apply(tape, step, ElementFunction.SOFTPLUS), logRate);
        }
        Variable minus = Pointwise.decay(tape, step, logRate);
        Variable share = Pointwise.apply(tape, Pointwise.scale(tape, minus, -1), ElementFunction.SIGMOID);
        return Pointwise.scale(tape, share, lowerBound.get().floatValue());
    }
}
