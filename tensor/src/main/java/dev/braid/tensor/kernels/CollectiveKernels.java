package dev.braid.tensor.kernels;

/**
 * Kernels that combine the contributions of ranks, element by element: {@code target[i] = ((x0[i] + x1[i]) + x2[i]) + ...} over
 * {@code sources[0]} until {@code sources[n - 1]}, at least one. Sums of F32 and BF16 are made in f32, multiplied by {@code scale}
 * and rounded once; so all providers give the same bits, but for which NaN a NaN is. {@code target} may be one of the sources.
 */
public interface CollectiveKernels {
    /** F32 {@code target} = sum * {@code scale}. */
    void sumFloats(long[] sources, int n, long target, long count, float scale);

    /** BF16 {@code target} = sum * {@code scale}, rounded to nearest even; a NaN stays a NaN. */
    void sumHalves(long[] sources, int n, long target, long count, float scale);

    /** I32 {@code target} = sum, which wraps around. */
    void sumInts(long[] sources, int n, long target, long count);

    /** The largest of F32 elements, as {@link Math#max(float, float)}. */
    void maxFloats(long[] sources, int n, long target, long count);

    /** The largest of BF16 elements, as {@link Math#max(float, float)}. */
    void maxHalves(long[] sources, int n, long target, long count);

    /** The largest of I32 elements. */
    void maxInts(long[] sources, int n, long target, long count);

    /** The largest of I8 elements. */
    void maxBytes(long[] sources, int n, long target, long count);
}
