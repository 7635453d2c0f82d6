package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.ElementwiseKernels;

/** Columns of a matrix as a matrix of their own. */
public final class Columns {
    private Columns() {}

    /**
     * Copies columns {@code firstColumn} until {@code firstColumn + target columns} of every row of {@code source} into rows
     * {@code firstRow} and on of {@code target}.
     *
     * @param source F32 or BF16 [n, columns]
     * @param target same dtype [at least firstRow + n, fewer columns]
     */
    public static void copy(Compute compute, Tensor source, int firstColumn, Tensor target, int firstRow) {
        Check check = new Check("columns.copy");
        check.floats("source", source);
        int rows = Math.toIntExact(source.shape().rows());
        int columns = Math.toIntExact(source.shape().columns());
        int width = Math.toIntExact(target.shape().columns());
        check.matrix(
                "target", target, source.dtype(), Math.toIntExact(target.shape().rows()), width);
        if (firstColumn < 0 || firstColumn + width > columns) {
            throw new IllegalArgumentException("columns.copy: columns " + firstColumn + " to " + (firstColumn + width)
                    + " are outside of source " + source);
        }
        if (firstRow < 0 || firstRow + (long) rows > target.shape().rows()) {
            throw new IllegalArgumentException("columns.copy: rows " + firstRow + " to " + (firstRow + (long) rows)
                    + " are outside of target " + target);
        }
        boolean bf16 = source.dtype() == DType.BF16;
        int bytes = source.dtype().bytes();
        long from = source.address() + (long) firstColumn * bytes;
        long to = target.address() + (long) firstRow * width * bytes;
        ElementwiseKernels kernels = compute.kernels().elementwise();
        compute.profile().time(check.operation(), 0, () -> {
            for (int row = 0; row < rows; row++) {
                long at = from + (long) row * columns * bytes;
                kernels.convert(bf16, at, bf16, to + (long) row * width * bytes, width);
            }
        });
    }
}
