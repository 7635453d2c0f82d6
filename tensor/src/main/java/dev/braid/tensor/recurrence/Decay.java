package dev.braid.tensor.recurrence;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;

/** The decay {@code w} of the state, given as its logarithm: not positive; minus infinity forgets. */
public sealed interface Decay {
    /** No decay: {@code w = 1} (linear attention, DeltaNet). */
    record None() implements Decay {}

    /**
     * One decay for each head, the same at every token (RetNet, Lightning Attention).
     *
     * @param logDecay F32 {@code [heads]}
     */
    record Fixed(Tensor logDecay) implements Decay {}

    /**
     * A decay for each token.
     *
     * @param logDecay one column a head (Mamba-2, Gated DeltaNet), or as many as {@code k} has: one for each row of the state
     *     (GLA, HGRN2, KDA, RWKV). F32 is advised: bf16 keeps eight bits of the exponent
     */
    record PerToken(Heads logDecay) implements Decay {}

    /** No decay. */
    static Decay none() {
        return new None();
    }

    /** The same decay at every token. */
    static Decay fixed(Tensor logDecay) {
        return new Fixed(logDecay);
    }

    /** A decay for each token and head, or for each token, head and row of the state. */
    static Decay perToken(Heads logDecay) {
        return new PerToken(logDecay);
    }
}
