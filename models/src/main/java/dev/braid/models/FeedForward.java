package dev.braid.models;

import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;

/** The part of a block that works on each position alone. */
public interface FeedForward {
    /** {@code residual + f(x)}; x is normalised, both are [tokens, dim]. */
    Variable forward(Tape tape, Variable x, Variable residual);
}
