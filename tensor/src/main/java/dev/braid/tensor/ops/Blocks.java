package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/**
 * Splits work into blocks over a rank's cores. The blocks depend on the extents alone, never on the number of cores, so
 * that no result does.
 */
final class Blocks {
    /** Elements of one block of work: some ten microseconds, and half of an L2 cache. */
    private static final int BLOCK_ELEMENTS = 32_768;
    /** Rows that one partial sum of a reduction over rows covers. */
    private static final int REDUCTION_ROWS = 64;
    /** No index is exempt from {@link #requireIndices}. */
    static final long NONE = Long.MIN_VALUE;
    /** Columns that one task combines. */
    private static final int COMBINE_COLUMNS = 512;

    /** Work on {@code count} rows or elements from {@code from}. */
    @FunctionalInterface
    interface Range {
        void run(long from, int count);
    }

    /** Adds rows {@code from} until {@code from + count} to the F32 sums at {@code sums}. */
    @FunctionalInterface
    interface PartialSum {
        void add(long from, int count, long sums);
    }

    private Blocks() {}

    /** Runs {@code body} over all rows, in blocks of about {@link #BLOCK_ELEMENTS} elements. */
    static void rows(Compute compute, long rows, long columns, Range body) {
        split(compute, rows, Math.max(1, (int) (BLOCK_ELEMENTS / Math.max(1, columns))), body);
    }

    /** Runs {@code body} over all elements, in blocks. */
    static void elements(Compute compute, long count, Range body) {
        split(compute, count, BLOCK_ELEMENTS, body);
    }

    /** Runs {@code body} over 0 until {@code count} in blocks of {@code block}. */
    static void split(Compute compute, long count, int block, Range body) {
        int tasks = Math.toIntExact((count + block - 1) / block);
        compute.workers().run(tasks, task -> {
            long from = (long) task * block;
            body.run(from, (int) Math.min(block, count - from));
        });
    }

    /**
     * Adds a sum over rows to {@code target}, F32 [columns]: a partial sum for each block of {@link #REDUCTION_ROWS} rows,
     * then the partial sums in the order of blocks, then their sum to the target, all in f32.
     */
    static void sumRows(Compute compute, long rows, Tensor target, PartialSum body) {
        if (rows == 0 || target.count() == 0) {
            return;
        }
        long columns = target.count();
        int blocks = Math.toIntExact((rows + REDUCTION_ROWS - 1) / REDUCTION_ROWS);
        Tensor partials = compute.memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(blocks, columns));
        try {
            long sums = partials.address();
            split(compute, rows, REDUCTION_ROWS, (from, count) -> {
                long block = from / REDUCTION_ROWS;
                body.add(from, count, sums + block * columns * Float.BYTES);
            });
            combine(compute, sums, blocks, target);
        } finally {
            partials.release();
        }
    }

    private static void combine(Compute compute, long partials, int blocks, Tensor target) {
        long columns = target.count();
        long result = target.address();
        split(compute, columns, COMBINE_COLUMNS, (from, count) -> {
            long total = partials + from * Float.BYTES;
            for (int block = 1; block < blocks; block++) {
                add(compute, partials + (block * columns + from) * Float.BYTES, total, count);
            }
            add(compute, total, result + from * Float.BYTES, count);
        });
    }

    private static void add(Compute compute, long source, long target, int count) {
        compute.kernels().elementwise().add(false, target, false, source, false, target, count);
    }

    /** Throws unless each of the I32 {@code indices} is in 0 until {@code limit}, or is {@code ignored} (or {@link #NONE}). */
    static void requireIndices(Check check, String name, Tensor indices, long limit, long ignored, String hint) {
        long base = indices.address();
        for (long i = 0; i < indices.count(); i++) {
            int index = Addresses.getInt(base, i);
            if ((index < 0 || index >= limit) && index != ignored) {
                throw new IllegalArgumentException(check.operation() + ": " + name + " " + index + " at index " + i
                        + " is outside of 0.." + (limit - 1) + hint);
            }
        }
    }
}
