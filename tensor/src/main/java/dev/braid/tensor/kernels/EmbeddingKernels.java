package dev.braid.tensor.kernels;

/** Kernels of the embedding look-up: see {@link dev.braid.tensor.ops.Embedding}. */
public interface EmbeddingKernels {
    /** Copies row {@code tokens[i]} of {@code table} to row i of {@code out}, both of {@code columns} values. */
    void forward(boolean bf16, long table, long tokens, long out, int rows, int columns);

    /**
     * Adds columns {@code from} until {@code to} of row i of {@code dOut} to row {@code tokens[i]} of {@code dTable} (F32),
     * for i = 0 until {@code rows}, in this order.
     */
    void weightGradient(boolean bf16, long dOut, long tokens, long dTable, int rows, int columns, int from, int to);
}
