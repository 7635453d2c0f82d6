package dev.braid.tensor.attention;

import dev.braid.tensor.Compute;

/** One implementation of attention. The facade has checked everything; addresses are valid for the call. */
interface AttentionKernel {
    /**
     * The operands that forward and backward share.
     *
     * @param heads of the queries, a multiple of {@code kvHeads}
     * @param headSize columns of a head of queries and of keys
     * @param valueSize columns of a head of values and of outputs
     */
    record Problem(
            AttentionSpec spec, int heads, int kvHeads, int headSize, int valueSize, Operand q, Operand k, Operand v) {
        /** Query heads that share a key head. */
        int group() {
            return heads / kvHeads;
        }

        /** Index of the log-sum-exp of a query in {@code [batch, heads, queries]}. */
        long lseIndex(int batch, int head, int query) {
            return ((long) batch * heads + head) * spec.queries() + query;
        }
    }

    /** What the backward pass reads ({@code o}, {@code lse}, {@code dO}) and overwrites ({@code dq}, {@code dk}, {@code dv}). */
    record Gradients(Operand o, long lse, Operand dO, Operand dq, Operand dk, Operand dv) {}

    /** Writes {@code o}, and the log-sum-exp of the scaled scores to address {@code lse} unless it is 0. */
    void forward(Compute compute, Problem problem, Operand o, long lse);

    /** Writes the gradients of queries, keys and values. */
    void backward(Compute compute, Problem problem, Gradients gradients);
}
