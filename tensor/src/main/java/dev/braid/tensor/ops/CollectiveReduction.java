package dev.braid.tensor.ops;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CollectiveKernels;
import dev.braid.tensor.kernels.KernelProviders;

/**
 * Combines the contributions of ranks, element by element, in the order in which they are given: the canonical arithmetic of
 * collectives. On absolute addresses, since contributions lie in memory of peers; the caller answers for their being alive.
 *
 * <p>The target may be one of the sources, at the same address, but must not overlap one in part. Any thread may call.
 */
public final class CollectiveReduction {
    /** Most contributions. */
    public static final int MOST_SOURCES = 1024;

    private CollectiveReduction() {}

    /**
     * {@code target[i] = (((x0[i] + x1[i]) + x2[i]) + ...) * scale}, where {@code x0} lies at {@code sources[0]}. F32 and BF16 are
     * added and scaled in f32 and rounded once, to nearest even; I32 wraps around, with {@code scale} 1 only; I8 has no sum. One
     * source is copied, or scaled.
     *
     * @param n how many of {@code sources} to take: 1 to {@link #MOST_SOURCES}
     * @param count elements of each
     */
    public static void sum(DType dtype, long[] sources, int n, long target, long count, float scale) {
        sum(KernelProviders.chosen().collective(), dtype, sources, n, target, count, scale);
    }

    static void sum(
            CollectiveKernels kernels, DType dtype, long[] sources, int n, long target, long count, float scale) {
        check("sum", dtype, sources, n, target, count);
        if (scale != 1f && !dtype.floating()) {
            throw new IllegalArgumentException(
                    "sum of " + dtype + ": a scale of " + scale + " needs F32 or BF16; convert first");
        }
        if (dtype == DType.I8) {
            throw new IllegalArgumentException("I8 has no sum: it would not fit; widen to I32 or F32 first");
        }
        if (n == 1 && scale == 1f) {
            copy(dtype, sources[0], target, count);
            return;
        }
        switch (dtype) {
            case F32 -> kernels.sumFloats(sources, n, target, count, scale);
            case BF16 -> kernels.sumHalves(sources, n, target, count, scale);
            case I32 -> kernels.sumInts(sources, n, target, count);
            case I8 -> throw new IllegalStateException("refused before");
        }
    }

    /** The largest of each element, as {@link Math#max(float, float)}: a NaN wins, and 0 over -0. As {@link #sum} otherwise. */
    public static void max(DType dtype, long[] sources, int n, long target, long count) {
        max(KernelProviders.chosen().collective(), dtype, sources, n, target, count);
    }

    static void max(CollectiveKernels kernels, DType dtype, long[] sources, int n, long target, long count) {
        check("max", dtype, sources, n, target, count);
        if (n == 1) {
            copy(dtype, sources[0], target, count);
            return;
        }
        switch (dtype) {
            case F32 -> kernels.maxFloats(sources, n, target, count);
            case BF16 -> kernels.maxHalves(sources, n, target, count);
            case I32 -> kernels.maxInts(sources, n, target, count);
            case I8 -> kernels.maxBytes(sources, n, target, count);
        }
    }

    private static void copy(DType dtype, long source, long target, long count) {
        if (source != target) {
            Addresses.copy(source, target, count * dtype.bytes());
        }
    }

    private static void check(String operation, DType dtype, long[] sources, int n, long target, long count) {
        if (n < 1 || n > MOST_SOURCES || n > sources.length) {
            throw new IllegalArgumentException(operation + " of " + n + " contributions, of which " + sources.length
                    + " are given; allowed are 1 to " + MOST_SOURCES);
        }
        if (count < 0) {
            throw new IllegalArgumentException(operation + " of " + count + " elements");
        }
        long bytes = Math.multiplyExact(count, dtype.bytes());
        for (int source = 0; source < n; source++) {
            long distance = Math.abs(target - sources[source]);
            if (distance != 0 && distance < bytes) {
                throw new IllegalArgumentException(operation + ": the target overlaps contribution " + source
                        + " in part: they start " + distance + " bytes apart and have " + bytes + " each");
            }
        }
    }
}
