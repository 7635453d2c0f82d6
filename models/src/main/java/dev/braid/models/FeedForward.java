package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;

/**
 * The part of a block that works on each position alone, or nearly so: one that looks back at the position before has a state for
 * decoding. Most have none and write {@link #forward} only.
 */
public interface FeedForward {
    /** {@code residual + f(x)}; x is normalised, both are [tokens, dim]. */
    Variable forward(Tape tape, Variable x, Variable residual, Batch batch);

    /** State for decoding one sequence. */
    default MixerState newState(Memory memory) {
        return MixerState.NONE;
    }

    /** Inference of the next tokens of one sequence; {@code state} has seen all before and takes these in. */
    default Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        return forward(tape, x, residual, batch);
    }
}
