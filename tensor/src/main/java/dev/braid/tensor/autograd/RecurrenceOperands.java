package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/**
 * What a {@link RecurrentOperations#recurrence} reads; see {@link dev.braid.tensor.recurrence.RecurrenceInputs} for the rules on
 * heads. All have one row a token.
 *
 * @param keySize columns of a head of q, k, a and b: dk
 * @param valueSize columns of a head of v and of the result: dv
 * @param q queries [n, Hq dk], scaled by the caller
 * @param k keys [n, Hk dk]
 * @param v values [n, H dv]
 * @param decay of the state
 * @param a reads the state before its decay [n, Ha dk]
 * @param b where what a has read goes [n, Hb dk]; without it where k points
 * @param bonus of a read before the write, a vector [H dk]; only with {@code readBeforeWrite}
 * @param readBeforeWrite whether a token reads the state before its own write (RWKV-5, RWKV-6)
 */
public record RecurrenceOperands(
        int keySize,
        int valueSize,
        Variable q,
        Variable k,
        Variable v,
        Decay decay,
        Optional<Variable> a,
        Optional<Variable> b,
        Optional<Weight> bonus,
        boolean readBeforeWrite) {

    /** The logarithm of the state's decay. */
    public sealed interface Decay {
        /** None. */
        record None() implements Decay {}

        /** One for each head, F32 [H], the same at every token, not learned. */
        record Fixed(Tensor log) implements Decay {}

        /** For each token one for each head [n, H], or one for each row of the state [n, H dk]; F32 is advised. */
        record PerToken(Variable log) implements Decay {}
    }

    /** Queries, keys and values alone. */
    public static RecurrenceOperands of(int keySize, int valueSize, Variable q, Variable k, Variable v) {
        return new RecurrenceOperands(
                keySize,
                valueSize,
                q,
                k,
                v,
                new Decay.None(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false);
    }

    /** The same with a decay that does not depend on the token. */
    public RecurrenceOperands withFixedDecay(Tensor log) {
        return withDecay(new Decay.Fixed(log));
    }

    /** The same with a decay for each token. */
    public RecurrenceOperands withDecay(Variable log) {
        return withDecay(new Decay.PerToken(log));
    }

    private RecurrenceOperands withDecay(Decay other) {
        return new RecurrenceOperands(keySize, valueSize, q, k, v, other, a, b, bonus, readBeforeWrite);
    }

    /** The same with {@code k_t (a_t^T S_{t-1})}. */
    public RecurrenceOperands withErase(Variable reads) {
        return new RecurrenceOperands(
                keySize, valueSize, q, k, v, decay, Optional.of(reads), Optional.empty(), bonus, readBeforeWrite);
    }

    /** The same with {@code b_t (a_t^T S_{t-1})}. */
    public RecurrenceOperands withErase(Variable reads, Variable writes) {
        return new RecurrenceOperands(
                keySize, valueSize, q, k, v, decay, Optional.of(reads), Optional.of(writes), bonus, readBeforeWrite);
    }

    /** The same, reading before the write, with a bonus for the token's own. */
    public RecurrenceOperands readBeforeWrite(Weight u) {
        return new RecurrenceOperands(keySize, valueSize, q, k, v, decay, a, b, Optional.of(u), true);
    }
}
