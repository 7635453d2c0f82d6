package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.ConversionKernels;
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
        Blocks.Range body = conversion(compute, source, target);
        compute.profile().time(check.operation(), 0, () -> Blocks.elements(compute, source.count(), body));
    }

    private static Blocks.Range conversion(Compute compute, Tensor source, Tensor target) {
        long from = source.address();
        long to = target.address();
        int fromBytes = source.dtype().bytes();
        int toBytes = target.dtype().bytes();
        ConversionKernels kernels = compute.kernels().conversion();
        if (source.dtype() == target.dtype()) {
            return (first, count) ->
                    Addresses.copy(from + first * fromBytes, to + first * toBytes, (long) count * fromBytes);
        }
        return source.dtype() == DType.BF16
                ? (first, count) -> kernels.widen(from + first * fromBytes, to + first * toBytes, count)
                : (first, count) -> kernels.narrow(from + first * fromBytes, to + first * toBytes, count);
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
        int bytes = source.dtype().bytes();
        long from = source.address() + (long) firstColumn * bytes;
        long rowBytes = (long) width * bytes;
        long to = target.address() + firstRow * rowBytes;
        Blocks.Range body = (first, count) -> {
            for (long row = first; row < first + count; row++) {
                Addresses.copy(from + row * columns * bytes, to + row * rowBytes, rowBytes);
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, width, body));
    }

    /**
     * Copies {@code source} [n,width] to columns {@code firstColumn} until {@code firstColumn + width} of {@code target}
     * [n,columns], of the same dtype.
     */
    public static void pasteColumns(Compute compute, Tensor source, Tensor target, int firstColumn) {
        Check check = new Check("paste_columns");
        int rows = check.valueRows("source", source);
        int width = Check.columns(source);
        check.valueRows("target", target);
        int columns = Check.columns(target);
        check.matrix("target", target, source.dtype(), rows, columns);
        check.require(
                firstColumn >= 0 && firstColumn <= columns - width,
                "columns " + firstColumn + " until " + ((long) firstColumn + width) + " are not all in target "
                        + target);
        int bytes = source.dtype().bytes();
        long from = source.address();
        long rowBytes = (long) width * bytes;
        long to = target.address() + (long) firstColumn * bytes;
        Blocks.Range body = (first, count) -> {
            for (long row = first; row < first + count; row++) {
                Addresses.copy(from + row * rowBytes, to + row * columns * bytes, rowBytes);
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, width, body));
    }

    /** {@code out = a + b}; same counts; {@code out} may be {@code a} or {@code b}. */
    public static void add(Compute compute, Tensor a, Tensor b, Tensor out) {
        Check check = new Check("add");
        check.values("a", a, a.count());
        check.values("b", b, a.count());
        check.values("out", out, a.count());
        ElementwiseKernels kernels = compute.kernels().elementwise();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand left = tiles.readElements(a);
        Tiles.Operand right = tiles.readElements(b);
        Tiles.Operand sum = tiles.writeElements(out);
        tiles.run(
                check.operation(),
                a.count(),
                a.count(),
                tile -> kernels.add(tile.of(left), tile.of(right), tile.of(sum), tile.rows()));
    }

    /** Adds {@code bias}, F32 [N], to each row of {@code y} [n,N] in place. */
    public static void addBias(Compute compute, Tensor y, Tensor bias) {
        Check check = new Check("add_bias");
        int rows = check.valueRows("y", y);
        int columns = Check.columns(y);
        check.elements("bias", bias, DType.F32, columns);
        long biasAt = bias.address();
        ElementwiseKernels kernels = compute.kernels().elementwise();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand values = tiles.update(y, 0, columns);
        tiles.run(
                check.operation(),
                y.count(),
                rows,
                tile -> kernels.addBias(tile.of(values), biasAt, tile.rows(), columns));
    }

    /** Multiplies every element of {@code tensor} by {@code factor} in place. */
    public static void scale(Compute compute, Tensor tensor, float factor) {
        Check check = new Check("scale");
        check.values("tensor", tensor, tensor.count());
        ElementwiseKernels kernels = compute.kernels().elementwise();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand values = tiles.updateElements(tensor);
        tiles.run(
                check.operation(),
                tensor.count(),
                tensor.count(),
                tile -> kernels.scale(tile.of(values), factor, tile.rows()));
    }

    /** Adds the sum over the rows of {@code dy} [n,N] (F32 or BF16) to {@code dBias}, F32 [N]: see {@link Blocks#sumRows}. */
    public static void columnSum(Compute compute, Tensor dy, Tensor dBias) {
        Check check = new Check("column_sum");
        int rows = check.valueRows("dy", dy);
        int columns = Check.columns(dy);
        check.elements("dBias", dBias, DType.F32, columns);
        ReductionKernels kernels = compute.kernels().reduction();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand values = tiles.read(dy);
        tiles.sumRows(
                check.operation(),
                dy.count(),
                rows,
                dBias,
                (tile, sums) -> kernels.addRows(tile.of(values), sums, tile.rows(), columns));
    }

    /** The sum of an F32 tensor: f64 sums of blocks of {@link SquaredNorm#BLOCK} elements, added in order. */
    public static double sum(Compute compute, Tensor tensor) {
        Check check = new Check("sum");
        check.floats("tensor", tensor);
        ReductionKernels kernels = compute.kernels().reduction();
        return Reduction.total(Reduction.blockSums(compute, check, tensor, 0, tensor.count(), kernels::sum));
    }
}
