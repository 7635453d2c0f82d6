package dev.braid.tensor.kernels;

/** Kernels that work element by element: see {@link dev.braid.tensor.ops.Elementwise}. Each result is rounded once. */
public interface ElementwiseKernels {
    /** {@code target = source}, converted. */
    void convert(boolean sourceBf16, long source, boolean targetBf16, long target, int count);

    /** {@code out = a + b}; {@code out} may be {@code a} or {@code b} where the dtypes agree. */
    void add(boolean aBf16, long a, boolean bBf16, long b, boolean outBf16, long out, int count);

    /** Adds {@code bias}, F32 [columns], to each row of {@code y}. */
    void addBias(boolean bf16, long y, long bias, int rows, int columns);

    /** {@code values *= factor}. */
    void scale(boolean bf16, long values, float factor, int count);
}
