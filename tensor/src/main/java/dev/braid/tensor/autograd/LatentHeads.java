package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;

/**
 * How the heads of latent attention lie in matrices: a query is {@code [nope, rope]}, and what is made of a latent for a head is
 * {@code [nope, value]}, the part of its key without positions and its value.
 *
 * @param heads of this rank
 * @param nope columns of queries and keys that do not turn with the position
 * @param rope columns that do; of a key, all heads share them
 * @param value columns of a value
 * @param rank columns of a latent
 */
public record LatentHeads(int heads, int nope, int rope, int value, int rank) {
    /** Columns of a head of queries and keys. */
    public int key() {
        return nope + rope;
    }

    /** Columns that a latent is expanded to for a head. */
    public int expanded() {
        return nope + value;
    }

    /** Columns that a decoder keeps of a token: its latent and the turned part of its key. */
    public int cached() {
        return rank + rope;
    }

    /** The values in {@code expanded} [n, heads (nope + value)]. */
    Heads values(Tensor expanded) {
        return new Heads(expanded, nope, heads, value, expanded());
    }
}
