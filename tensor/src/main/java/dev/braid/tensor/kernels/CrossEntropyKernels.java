package dev.braid.tensor.kernels;

/**
 * Kernels of cross-entropy over F32 rows of {@code columns} logits: see {@link dev.braid.tensor.ops.CrossEntropy}. A label
 * below zero is ignored.
 */
public interface CrossEntropyKernels {
    /** Sets {@code lse [rows]} and {@code loss [rows]}. */
    void forward(long logits, long labels, float zLoss, long lse, long loss, int rows, int columns);

    /** Sets {@code dLogits} (F32, or BF16 where {@code bf16}), which may be {@code logits} where it is F32. */
    void gradient(
            boolean bf16,
            long logits,
            long labels,
            long lse,
            float scale,
            float zLoss,
            long dLogits,
            int rows,
            int columns);

    /** Both at once. {@code logits} hold scratch afterwards, or the result where {@code dLogits} is the same address. */
    void forwardGradient(
            boolean bf16,
            long logits,
            long labels,
            float scale,
            float zLoss,
            long lse,
            long loss,
            long dLogits,
            int rows,
            int columns);
}
