package dev.braid.tensor.kernels;

/** Kernel of the embedding's gradient: see {@link dev.braid.tensor.ops.Embedding}. */
public interface EmbeddingKernels {
    /**
     * Adds row i of {@code dOut} to row {@code tokens[i]} of {@code dTable}, for i = 0 until {@code rows}, in this order. Rows whose
     * token is negative are passed over.
     *
     * @param dOut F32, {@code columns} elements a row, {@code stride} elements from row to row
     * @param dTable F32, {@code columns} elements a row, {@code tableStride} elements from row to row
     */
    void weightGradient(long dOut, int stride, long tokens, long dTable, int tableStride, int rows, int columns);
}
