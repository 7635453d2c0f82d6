package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;

/** The part of a block that lets positions see each other. Its equation is its forward; it knows nothing of other ranks. */
public interface Mixer {
    /**
     * Training and scoring.
     *
     * @param x normalised input [tokens, dim]
     * @param residual stream that the output is added to [tokens, dim]; {@link Variable#zerosLike} where nothing is: the mixer
     *     hands it to the operation that ends it
     */
    Variable forward(Tape tape, Variable x, Variable residual, Batch batch);

    /** State for decoding one sequence of at most {@code longest} tokens. */
    MixerState newState(Memory memory, int longest);

    /** Inference of the next tokens of one sequence; {@code state} has seen all before and takes these in. */
    Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state);

    /** Floating-point operations of products between positions, forward, for a token at the mean place in {@code length}. */
    double positionFlopsPerToken(int length);
}
