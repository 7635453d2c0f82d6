package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Parameter.Initialization.Of;
import dev.braid.tensor.parameters.Weight;

/**
 * The logarithm of a decay that a token chooses, as Mamba-2 has it (Dao and Gu 2024, arXiv 2405.21060):
 * {@code -exp(a_log) softplus(x + dt_bias)}, in F32. Rates start evenly from 1 to 16, steps from 0.001 to 0.1 evenly by their
 * logarithm.
 *
 * @param logRate a_log [heads]
 * @param stepBias dt_bias [heads size]
 */
record LearnedDecay(Weight logRate, Weight stepBias) {
    private static final Initialization RATES = new Initialization.Uniform(1, 16, Of.LOGARITHM);
    private static final Initialization STEPS =
            new Initialization.Uniform(Math.log(1e-3), Math.log(1e-1), Of.SOFTPLUS_INVERSE_OF_EXPONENTIAL);

    /** Declares its parameters; {@code size} decays for each head of values. */
    static LearnedDecay of(HeadWeights weights, int size) {
        return new LearnedDecay(weights.vector("a_log", 1, RATES), weights.vector("dt_bias", size, STEPS));
    }

    /** From what is projected [n, heads size]: F32, the same shape, negative. */
    Variable log(Tape tape, Variable x) {
        return Pointwise.decay(tape, Pointwise.apply(tape, step(tape, x), ElementFunction.SOFTPLUS), logRate);
    }

    /**
     * The same between {@code lowest} and zero: {@code lowest sigmoid(exp(a_log) (x + dt_bias))}, so that no step forgets more.
     */
    Variable boundedLog(Tape tape, Variable x, float lowest) {
        Variable minus = Pointwise.decay(tape, step(tape, x), logRate);
        Variable share = Pointwise.apply(tape, Pointwise.scale(tape, minus, -1), ElementFunction.SIGMOID);
        return Pointwise.scale(tape, share, lowest);
    }

    private Variable step(Tape tape, Variable x) {
        return Pointwise.plusBias(tape, Pointwise.convert(tape, x, DType.F32), stepBias);
    }
}
