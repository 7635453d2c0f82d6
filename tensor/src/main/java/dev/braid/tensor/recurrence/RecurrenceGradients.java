package dev.braid.tensor.recurrence;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import java.util.Optional;

/**
 * What the backward pass overwrites. Shapes as those of the {@link RecurrenceInputs}; what is absent is not written.
 * Gradients of q, k, a and b have a head for each head of v: where heads share an operand, the caller sums them.
 *
 * @param q gradient of the queries
 * @param k gradient of the keys
 * @param v gradient of the values
 * @param decay gradient of the logarithm of a {@link Decay.PerToken}
 * @param fixedDecay gradient of the logarithm of a {@link Decay.Fixed}, F32 {@code [batch, heads]}: that of each sequence, for
 *     the caller to sum
 * @param erase gradients of {@code a} and, where the inputs have one of their own, {@code b}
 * @param bonus gradient of the bonus, F32 {@code [batch, heads, dk]}: that of each sequence, for the caller to sum
 * @param initial gradient of the initial state, F32 {@code [batch, heads, dk, dv]}; may be wanted without an initial state
 */
public record RecurrenceGradients(
        Heads q,
        Heads k,
        Heads v,
        Optional<Heads> decay,
        Optional<Tensor> fixedDecay,
        Optional<Erase> erase,
        Optional<Tensor> bonus,
        Optional<Tensor> initial) {

    /** Gradients of queries, keys and values alone. */
    public static RecurrenceGradients of(Heads q, Heads k, Heads v) {
        return new RecurrenceGradients(
                q, k, v, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** With that of a decay for each token. */
    public RecurrenceGradients withDecay(Heads gradient) {
        return new RecurrenceGradients(q, k, v, Optional.of(gradient), fixedDecay, erase, bonus, initial);
    }

    /** With that of a fixed decay. */
    public RecurrenceGradients withFixedDecay(Tensor gradient) {
        return new RecurrenceGradients(q, k, v, decay, Optional.of(gradient), erase, bonus, initial);
    }

    /** With those of the change of rank one. */
    public RecurrenceGradients withErase(Erase gradient) {
        return new RecurrenceGradients(q, k, v, decay, fixedDecay, Optional.of(gradient), bonus, initial);
    }

    /** With that of the bonus. */
    public RecurrenceGradients withBonus(Tensor gradient) {
        return new RecurrenceGradients(q, k, v, decay, fixedDecay, erase, Optional.of(gradient), initial);
    }

    /** With that of the initial state. */
    public RecurrenceGradients withInitial(Tensor gradient) {
        return new RecurrenceGradients(q, k, v, decay, fixedDecay, erase, bonus, Optional.of(gradient));
    }
}
