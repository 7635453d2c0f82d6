package dev.braid.tensor.kernels;

/** Kernels that add up. The order of each sum is fixed by the counts alone. */
public interface ReductionKernels {
    /** Sum of {@code count} F32 elements, in f64. */
    double sum(long values, int count);

    /** Sum of the squares of {@code count} F32 elements, in f64. */
    double squaredSum(long values, int count);

    /** Adds each of {@code rows} rows of {@code columns} values to {@code sums}, F32 [columns]. */
    void addRows(boolean bf16, long values, long sums, int rows, int columns);
}
