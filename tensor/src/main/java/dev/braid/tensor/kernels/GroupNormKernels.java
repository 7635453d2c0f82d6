package dev.braid.tensor.kernels;

/**
 * Kernels of normalisation over groups of columns: see {@link dev.braid.tensor.ops.GroupNorm}. Values are dense F32 rows of
 * {@code groups * size} columns, statistics F32 [rows, groups], weights F32 [groups * size].
 */
public interface GroupNormKernels {
    /** {@code out = x - mean(x)} for each of {@code groups} groups; {@code out} may be {@code x}. */
    void center(long x, long out, int groups, int size);

    /** {@code sums[g] = sum of x^2} for each of {@code groups} groups. */
    void squares(long x, long sums, int groups, int size);

    /** {@code sums[r, g] = sum of dy * weight * x}. */
    void dots(long dy, long x, long weight, long sums, int rows, int groups, int size);

    /** {@code y = x * inverse[r, g] * weight}; {@code y} may be {@code x}. */
    void scale(long x, long inverse, long weight, long y, int rows, int groups, int size);

    /** {@code dx = dy * weight * inverse[r, g] - x * along[r, g]}; {@code dx} may be {@code dy} or {@code x}. */
    void inputGradient(long dy, long x, long weight, long inverse, long along, long dx, int rows, int groups, int size);

    /** Adds {@code dy * x * inverse[r, g]} of all rows to {@code sums} [groups * size]. */
    void weightGradient(long dy, long x, long inverse, long sums, int rows, int groups, int size);
}
