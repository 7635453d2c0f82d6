package dev.braid.trainer.plan;

import dev.braid.trainer.plan.MemoryLedger.Held;
import java.util.ArrayList;
import java.util.List;

/**
 * Follows the memory of one layer through forward and backward, operation by operation, as the tape keeps what backward reads
 * and gives it back. Between the products that the tensor ranks divide, a rank has its own tokens only (sequence parallelism);
 * it gathers all of them for a product and, in backward, again.
 */
final class BlockTrace {
    private final MemoryLedger ledger;
    private final PlanInput input;
    private final BlockShape shape;
    private final List<Held> saved = new ArrayList<>();

    private Held normed;
    private Held inverse;
    private Held projected;
    private Held headInverse;
    private Held heads;
    private Held mixed;
    private Held logSum;
    private Held middle;
    private Held secondNormed;
    private Held secondInverse;
    private Held gateUp;
    private Held hidden;

    BlockTrace(MemoryLedger ledger, PlanInput input, BlockShape shape) {
        this.ledger = ledger;
        this.input = input;
        this.shape = shape;
    }

    private long own(long columns) {
        return input.ownTokens() * columns * input.compute().bytes();
    }

    private long all(long columns) {
        return input.microbatchTokens() * columns * input.compute().bytes();
    }

    private Held save(long bytes) {
        Held held = ledger.hold(Term.ACTIVATIONS, bytes);
        saved.add(held);
        return held;
    }

    private Held gradient(long bytes) {
        return ledger.hold(Term.ACTIVATIONS, bytes);
    }

    /** The rows of all tensor ranks, gathered from them or to be summed over them. */
    private Held gathered() {
        return ledger.holdShortly(
                Term.COMMUNICATION,
                "a block's rows of all tensor ranks",
                input.mesh().tensor() > 1 ? all(shape.dim()) : 0);
    }

    /** Takes what backward reads; returns the layer's output. */
    Held forward() {
        normed = save(own(shape.dim()));
        inverse = save(input.ownTokens() * Float.BYTES);
        projected = product(all(shape.packed()));
        heads = projected;
        if (shape.headNorm()) {
            heads = save(all(shape.packed()));
            headInverse = save(input.microbatchTokens() * (shape.heads() + shape.kvHeads()) * Float.BYTES);
        }
        mixed = save(all(shape.queries()));
        logSum = save(input.microbatchTokens() * shape.heads() * Float.BYTES);
        ledger.pass(
                Term.WORKSPACE,
                "attention",
                Scratch.attentionForward(input.cores(), input.microbatch(), input.sequence(), shape));
        middle = product(own(shape.dim()));
        secondNormed = save(own(shape.dim()));
        secondInverse = save(input.ownTokens() * Float.BYTES);
        gateUp = product(all(2L * shape.hidden()));
        hidden = save(all(shape.hidden()));
        Held output = gradient(own(shape.dim()));
        gathered().release();
        return output;
    }

    private Held product(long bytes) {
        Held output = save(bytes);
        gathered().release();
        return output;
    }

    /** Gives back everything that forward saved. */
    void releaseSaved() {
        saved.forEach(Held::release);
    }

    /**
     * Goes backward.
     *
     * @param passed gradient of the output, taken over
     * @return the gradient of the input
     */
    Held backward(Held passed) {
        Held ofHidden = rowProduct(all(shape.hidden()), hidden);
        Held ofGateUp = gradient(all(2L * shape.hidden()));
        ofHidden.release();
        done(gateUp);
        Held ofSecondNormed = columnProduct(secondNormed);
        ofGateUp.release();
        // The norm adds to the residual's gradient in place.
        ledger.pass(Term.WORKSPACE, "norm", Scratch.sumOverRows(input.ownTokens(), shape.dim()));
        ofSecondNormed.release();
        done(secondInverse, middle);
        Held ofMixed = rowProduct(all(shape.queries()));
        Held ofHeads = gradient(all(shape.packed()));
        ledger.pass(
                Term.WORKSPACE,
                "attention",
                Scratch.attentionBackward(input.cores(), input.microbatch(), input.sequence(), shape));
        ofMixed.release();
        done(mixed, logSum, heads);
        if (shape.headNorm()) {
            Held ofProjected = gradient(all(shape.packed()));
            ofHeads.release();
            ofHeads = ofProjected;
            done(headInverse, projected);
        }
        Held ofNormed = columnProduct(normed);
        ofHeads.release();
        ledger.pass(Term.WORKSPACE, "norm", Scratch.sumOverRows(input.ownTokens(), shape.dim()));
        ofNormed.release();
        done(inverse);
        releaseSaved();
        return passed;
    }

    /** Backward of a product that sums over the tensor ranks: the output's gradient is gathered. */
    private Held rowProduct(long bytes, Held... read) {
        Held rows = gathered();
        Held ofInput = gradient(bytes);
        rows.release();
        done(read);
        return ofInput;
    }

    /** Backward of a product that reads all tokens: its input is gathered again, its input's gradient summed. */
    private Held columnProduct(Held read) {
        Held summed = gathered();
        Held ofInput = gradient(own(shape.dim()));
        gathered().release();
        summed.release();
        done(read);
        return ofInput;
    }

    /** Saved values go as soon as their operation is done. */
    private static void done(Held... read) {
        for (Held held : read) {
            held.release();
        }
    }
}
