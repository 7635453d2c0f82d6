package dev.braid.tensor.recurrence;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import java.util.Optional;

/**
 * What a recurrence reads. Every {@link Heads} has at least {@code batch * length} rows. The heads of v are those
 * of the recurrence; q, k, a and b may have fewer, a number that divides theirs: neighbouring heads then share one, as in
 * the groups of Mamba-2.
 *
 * @param q queries, head size dk; a scale is the caller's
 * @param k keys, head size dk
 * @param v values, head size dv, which may differ from dk
 * @param decay of the state
 * @param erase the change of rank one, where there is one
 * @param bonus {@code u}, F32 {@code [heads, dk]}, for {@link Read#BEFORE_WRITE}
 * @param documents I32 {@code [batch * length]}: where a token's document differs from that of the token before it in its
 *     sequence, the state is zero before the token
 * @param initial the state before the first token of each sequence, F32 {@code [batch, heads, dk, dv]}; zero if absent
 */
public record RecurrenceInputs(
        Heads q,
        Heads k,
        Heads v,
        Decay decay,
        Optional<Erase> erase,
        Optional<Tensor> bonus,
        Optional<Tensor> documents,
        Optional<Tensor> initial) {

    /** Queries, keys and values alone. */
    public static RecurrenceInputs of(Heads q, Heads k, Heads v) {
        return new RecurrenceInputs(
                q, k, v, Decay.none(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** The same with a decay. */
    public RecurrenceInputs withDecay(Decay other) {
        return new RecurrenceInputs(q, k, v, other, erase, bonus, documents, initial);
    }

    /** The same with a change of rank one. */
    public RecurrenceInputs withErase(Erase change) {
        return new RecurrenceInputs(q, k, v, decay, Optional.of(change), bonus, documents, initial);
    }

    /** The same with a bonus. */
    public RecurrenceInputs withBonus(Tensor u) {
        return new RecurrenceInputs(q, k, v, decay, erase, Optional.of(u), documents, initial);
    }

    /** The same with documents. */
    public RecurrenceInputs withDocuments(Tensor ids) {
        return new RecurrenceInputs(q, k, v, decay, erase, bonus, Optional.of(ids), initial);
    }

    /** The same from a given state on. */
    public RecurrenceInputs withInitial(Tensor state) {
        return new RecurrenceInputs(q, k, v, decay, erase, bonus, documents, Optional.of(state));
    }
}
