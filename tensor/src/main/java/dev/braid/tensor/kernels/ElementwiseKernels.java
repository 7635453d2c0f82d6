package dev.braid.tensor.kernels;

/** Kernels that work element by element on F32: see {@link dev.braid.tensor.ops.Elementwise}. */
public interface ElementwiseKernels {
    /** {@code out = a + b}; {@code out} may be {@code a} or {@code b}. */
    void add(long a, long b, long out, int count);

    /** Adds {@code bias} [columns] to each row of {@code y} [rows, columns]. */
    void addBias(long y, long bias, int rows, int columns);

    /** {@code values *= factor}. */
    void scale(long values, float factor, int count);
}
