package dev.braid.trainer.plan;

import dev.braid.tensor.DType;
import dev.braid.trainer.plan.MemoryLedger.Held;
import java.util.List;

/** Follows the memory of the head: loss and its gradient in one pass over chunks of rows, then the last norm's backward. */
final class HeadTrace {
    private HeadTrace() {}

    /** Takes and gives back; returns the gradient of what came into the last norm. */
    static Held run(MemoryLedger ledger, PlanInput input) {
        int dim = input.model().dim();
        long vocabulary = Math.ceilDiv(input.vocabulary(), input.mesh().tensor());
        long own = input.ownTokens() * dim * input.compute().bytes();
        long elements = Scratch.logitRows(input.microbatchTokens(), vocabulary) * vocabulary;
        Held loss = ledger.hold(Term.WORKSPACE, input.microbatchTokens() * Float.BYTES);
        ledger.hold(Term.ACTIVATIONS, input.microbatchTokens() * Float.BYTES);
        // The gradient of all rows, or this rank's summand of it.
        boolean divided = input.mesh().tensor() > 1;
        Held passed = divided ? gathered(ledger, input) : ledger.hold(Term.ACTIVATIONS, own);
        Held all = gathered(ledger, input);
        Held logits = ledger.holdShortly(Term.WORKSPACE, "a chunk of logits", elements * Float.BYTES);
        boolean narrow = input.compute() != DType.F32;
        Held narrowed =
                ledger.hold(Term.WORKSPACE, narrow ? elements * input.compute().bytes() : 0);
        List.of(narrowed, logits, all).forEach(Held::release);
        if (divided) {
            Held summed = ledger.hold(Term.ACTIVATIONS, own);
            passed.release();
            passed = summed;
        }
        loss.release();
        Held ofLast = ledger.hold(Term.ACTIVATIONS, own);
        ledger.pass(Term.WORKSPACE, "norm", Scratch.sumOverRows(input.ownTokens(), dim));
        passed.release();
        return ofLast;
    }

    /** What stays of the loss of a module of multi-token prediction: its labels, sums and the gradient of what the head read. */
    static void ahead(MemoryLedger ledger, PlanInput input) {
        ledger.hold(Term.ACTIVATIONS, aheadBytes(input));
    }

    /** See {@link #ahead}. */
    static long aheadBytes(PlanInput input) {
        long own = input.ownTokens() * input.model().dim() * input.compute().bytes();
        return own + input.microbatchTokens() * (Integer.BYTES + Float.BYTES);
    }

    private static Held gathered(MemoryLedger ledger, PlanInput input) {
        return ledger.holdShortly(
                Term.COMMUNICATION,
                "rows of all tensor ranks",
                input.mesh().tensor() > 1
                        ? input.microbatchTokens()
                                * input.model().dim()
                                * input.compute().bytes()
                        : 0);
    }
}
