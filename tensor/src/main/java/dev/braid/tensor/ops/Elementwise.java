package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.ElementwiseKernels;
import dev.braid.tensor.kernels.ReductionKernels;

/**
 * Conversions, sums and scalings of tensors, and sums over their elements. Tensors are F32 or BF16 in any mixture unless said otherwise; arithmetic is
 * f32, rounded once, to nearest even.
 */
public final class Elementwise {
    private Elementwise() {}

    /** {@code target = source}; same count. */
    public static void convert(Compute compute, Tensor source, Tensor target) {
        Check check = new Check("convert");
        check.values("source", source, source.count());
        check.values("target", target, source.count());
        long sourceAt = source.address();
        long targetAt = target.address();
        int sourceBytes = source.dtype().bytes();
        int targetBytes = target.dtype().bytes();
        boolean sourceBf16 = source.dtype() == DType.BF16;
        boolean targetBf16 = target.dtype() == DType.BF16;
        ElementwiseKernels kernels = compute.kernels().elementwise();
        compute.profile()
                .time(
                        check.operation(),
                        0,
                        () -> Blocks.elements(
                                compute,
                                source.count(),
                                (from, count) -> kernels.convert(
                                        sourceBf16,
                                        sourceAt + from * sourceBytes,
                                        targetBf16,
                                        targetAt + from * targetBytes,
                                        count)));
    }

    /**
     * Copies columns {@code firstColumn} until {@code firstColumn + width} of all rows of {@code source} [n,columns] to rows
     * {@code firstRow} until {@code firstRow + n} of {@code target} [..,width], of the same dtype.
     */
    public static void copyColumns(
            Compute compute, Tensor source, int firstColumn, int width, Tensor target, long firstRow) {
        Check check = new Check("copy_columns");
        int rows = check.valueRows("source", source);
        int columns = Check.columns(source);
        int targetRows = check.valueRows("target", target);
        check.matrix("target", target, source.dtype(), targetRows, width);
        check.require(
                firstColumn >= 0 && firstColumn <= columns - width,
                "columns " + firstColumn + " until " + ((long) firstColumn + width) + " are not all in source "
                        + source);
        check.require(
                firstRow >= 0 && firstRow <= targetRows - (long) rows,
                "rows " + firstRow + " until " + (firstRow + rows) + " are not all in target " + target);
        boolean bf16 = source.dtype() == DType.BF16;
        int bytes = source.dtype().bytes();
        long from = source.address() + (long) firstColumn * bytes;
        long to = target.address() + firstRow * width * bytes;
        ElementwiseKernels kernels = compute.kernels().elementwise();
        compute.profile()
                .time(
                        check.operation(),
                        0,
                        () -> Blocks.rows(compute, rows, width, (first, count) -> {
                            for (long row = first; row < first + count; row++) {
                                kernels.convert(
                                        bf16, from + row * columns * bytes, bf16, to + row * width * bytes, width);
                            }
                        }));
    }

    /** {@code out = a + b}; same counts; {@code out} may be {@code a} or {@code b}. */
    public static void add(Compute compute, Tensor a, Tensor b, Tensor out) {
        Check check = new Check("add");
        check.values("a", a, a.count());
        check.values("b", b, a.count());
        check.values("out", out, a.count());
        long aAt = a.address();
        long bAt = b.address();
        long outAt = out.address();
        int aBytes = a.dtype().bytes();
        int bBytes = b.dtype().bytes();
        int outBytes = out.dtype().bytes();
        boolean aBf16 = a.dtype() == DType.BF16;
        boolean bBf16 = b.dtype() == DType.BF16;
        boolean outBf16 = out.dtype() == DType.BF16;
        ElementwiseKernels kernels = compute.kernels().elementwise();
        compute.profile()
                .time(
                        check.operation(),
                        a.count(),
                        () -> Blocks.elements(
                                compute,
                                a.count(),
                                (from, count) -> kernels.add(
                                        aBf16,
                                        aAt + from * aBytes,
                                        bBf16,
                                        bAt + from * bBytes,
                                        outBf16,
                                        outAt + from * outBytes,
                                        count)));
    }

    /** Adds {@code bias}, F32 [N], to each row of {@code y} [n,N] in place. */
    public static void addBias(Compute compute, Tensor y, Tensor bias) {
        Check check = new Check("add_bias");
        int rows = check.valueRows("y", y);
        int columns = Check.columns(y);
        check.elements("bias", bias, DType.F32, columns);
        boolean bf16 = y.dtype() == DType.BF16;
        long bytes = (long) columns * y.dtype().bytes();
        long yAt = y.address();
        long biasAt = bias.address();
        ElementwiseKernels kernels = compute.kernels().elementwise();
        compute.profile()
                .time(
                        check.operation(),
                        y.count(),
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.addBias(bf16, yAt + from * bytes, biasAt, count, columns)));
    }

    /** Multiplies every element of {@code tensor} by {@code factor} in place. */
    public static void scale(Compute compute, Tensor tensor, float factor) {
        Check check = new Check("scale");
        check.values("tensor", tensor, tensor.count());
        boolean bf16 = tensor.dtype() == DType.BF16;
        int bytes = tensor.dtype().bytes();
        long at = tensor.address();
        ElementwiseKernels kernels = compute.kernels().elementwise();
        compute.profile()
                .time(
                        check.operation(),
                        tensor.count(),
                        () -> Blocks.elements(
                                compute,
                                tensor.count(),
                                (from, count) -> kernels.scale(bf16, at + from * bytes, factor, count)));
    }

    /** Adds the sum over the rows of {@code dy} [n,N] (F32 or BF16) to {@code dBias}, F32 [N]: see {@link Blocks#sumRows}. */
    public static void columnSum(Compute compute, Tensor dy, Tensor dBias) {
        Check check = new Check("column_sum");
        int rows = check.valueRows("dy", dy);
        int columns = Check.columns(dy);
        check.elements("dBias", dBias, DType.F32, columns);
        boolean bf16 = dy.dtype() == DType.BF16;
        long bytes = (long) columns * dy.dtype().bytes();
        long at = dy.address();
        ReductionKernels kernels = compute.kernels().reduction();
        compute.profile()
                .time(
                        check.operation(),
                        dy.count(),
                        () -> Blocks.sumRows(
                                compute,
                                rows,
                                dBias,
                                (from, count, sums) -> kernels.addRows(bf16, at + from * bytes, sums, count, columns)));
    }

    /** The sum of an F32 tensor: f64 sums of blocks of {@link SquaredNorm#BLOCK} elements, added in order. */
    public static double sum(Compute compute, Tensor tensor) {
        Check check = new Check("sum");
        check.floats("tensor", tensor);
        ReductionKernels kernels = compute.kernels().reduction();
        return Reduction.total(Reduction.blockSums(compute, check, tensor, 0, tensor.count(), kernels::sum));
    }
}
