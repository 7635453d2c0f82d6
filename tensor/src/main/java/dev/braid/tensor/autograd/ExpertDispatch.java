package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.routing.RowGroups;

/**
 * The way of tokens to their experts and back: rows sorted by expert on the way there ({@link #send}), sums over a token's experts on
 * the way back ({@link #combine}). Each is the other's backward. Where experts are divided over ranks, rows travel; what comes of them
 * is the same, bit for bit, as on a rank that has all experts. Every rank of the expert axis makes the same calls in the same order.
 */
public sealed interface ExpertDispatch permits LocalDispatch, ExchangedDispatch {
    /** What is on its way to the experts. */
    interface Arrival {
        /** Waits for it, as rows of this rank's experts. To be called once. */
        Variable await();
    }

    /**
     * The way to the chosen experts.
     *
     * @param selected I32 [n, K], see {@link dev.braid.tensor.routing.Assignment#of}
     * @param experts on all ranks of the tape's expert axis, which divide them equally
     * @param expected slots that are taken, which a rehearsal can't see
     */
    static ExpertDispatch of(Tape tape, Tensor selected, int experts, int expected) {
        return tape.experts().ranks() == 1
                ? new LocalDispatch(tape, selected, experts, expected)
                : new ExchangedDispatch(tape, selected, experts, expected);
    }

    /** The rows of this rank's experts. */
    RowGroups groups();

    /**
     * Sends a row of {@code x} [n, D] for each expert of each token: [rows, D]. Whatever runs before {@link Arrival#await} hides the
     * travel, in backward too; and there, in forward, the other half of a pair runs, see {@link Tape#meanwhile}.
     */
    Arrival send(Variable x);

    /** As {@link #send}, waiting at once. */
    default Variable dispatch(Variable x) {
        return send(x).await();
    }

    /**
     * The weights [n, K] of the rows that {@link #send} has sent: F32 [rows, 1]. To be called once, with what was made before the rows
     * were sent, and awaited behind those.
     */
    Arrival weights(Variable weights);

    /** {@code residual[t] + sum over the experts of t} of their rows [rows, D]: [n, D]; the residual may be {@link Variable#zerosLike}. */
    Variable combine(Variable rows, Variable residual);
}
