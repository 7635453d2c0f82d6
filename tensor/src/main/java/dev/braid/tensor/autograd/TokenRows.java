package dev.braid.tensor.autograd;

import dev.braid.tensor.parameters.TensorAxis;

/**
 * Which rows (tokens) of a value this rank has.
 *
 * @param tokens rows on all ranks of the tensor axis together
 * @param divided each rank has its share of them; otherwise each has all
 */
record TokenRows(int tokens, boolean divided) {
    static TokenRows whole(int tokens) {
        return new TokenRows(tokens, false);
    }

    /** Rows that this rank has. */
    int own(TensorAxis axis) {
        return divided ? Math.toIntExact(axis.share(tokens)) : tokens;
    }
}
