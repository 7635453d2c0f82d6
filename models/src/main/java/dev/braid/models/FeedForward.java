package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;

/** The second part of a block: it works on each position alone, or on it and the one before (RWKV). */
public interface FeedForward {
    /** {@code residual + f(x)}; x is normalised, both are [tokens, dim]; the residual may be {@link Variable#zerosLike}. */
    Variable forward(Tape tape, Variable x, Variable residual, Batch batch);

    /** State for decoding one sequence of at most {@code longest} tokens; nothing where a position stands alone. */
    default MixerState newState(Memory memory, int longest) {
        return () -> {};
    }

    /** Inference of the next tokens of one sequence; {@code state} has seen all before and takes these in. */
    default Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        return forward(tape, x, residual, batch);
    }
}
