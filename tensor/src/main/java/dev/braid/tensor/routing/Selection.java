package dev.braid.tensor.routing;

import dev.braid.tensor.Tensor;

/**
 * What a router has chosen for n tokens.
 *
 * @param experts I32 [n, K]: an expert in each slot, {@link #NONE} where a token takes fewer; no expert twice
 * @param weights F32 [n, K]: the factors of the experts' outputs, 0 where there is none
 * @param probabilities F32 [n, E]: how likely each expert was, what balance losses look at; rows add up to 1
 */
public record Selection(Tensor experts, Tensor weights, Tensor probabilities) {
    /** The expert of an empty slot. */
    public static final int NONE = -1;
}
