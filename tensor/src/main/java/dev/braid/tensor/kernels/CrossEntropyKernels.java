package dev.braid.tensor.kernels;

/**
 * Kernels of cross-entropy over F32 rows of {@code columns} logits: see {@link dev.braid.tensor.ops.CrossEntropy}. A label
 * below zero is ignored. A label of {@code columns} or more counts but is none of these columns: its logit is taken as 0.
 */
public interface CrossEntropyKernels {
    /** Sets {@code lse [rows]} and {@code loss [rows]}. */
    void forward(long logits, long labels, float zLoss, long lse, long loss, int rows, int columns);

    /** Sets {@code dLogits} (F32), which may be {@code logits}. */
    void gradient(long logits, long labels, long lse, float scale, float zLoss, long dLogits, int rows, int columns);

    /** Both at once; {@code dLogits} may be {@code logits}. */
    void forwardGradient(
            long logits,
            long labels,
            float scale,
            float zLoss,
            long lse,
            long loss,
            long dLogits,
            int rows,
            int columns);

    /** Sets {@code largest [rows]} to the largest logit but that of the label, minus infinity where there is no other. */
    void largestOther(long logits, long labels, long largest, int rows, int columns);
}
