package dev.braid.tensor.kernels;

/**
 * Kernels of root-mean-square normalisation over dense rows of {@code columns} values (F32, or BF16 where {@code bf16}).
 * See {@link dev.braid.tensor.ops.RmsNorm} for the formulas.
 */
public interface RmsNormKernels {
    /** Sets {@code y [rows, columns]} and {@code inverseRms [rows]} from {@code x} and {@code weight [columns]}. */
    void forward(boolean bf16, long x, long weight, float epsilon, long y, long inverseRms, int rows, int columns);

    /** Sets {@code dx}, which may be {@code dy} or {@code existing}; an {@code existing} of 0 stands for zeros. */
    void inputGradient(
            boolean bf16, long dy, long x, long weight, long inverseRms, long existing, long dx, int rows, int columns);

    /** Adds the rows' gradients to {@code sums}, F32 [columns]. */
    void weightGradient(boolean bf16, long dy, long x, long inverseRms, long sums, int rows, int columns);
}
