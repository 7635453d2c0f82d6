package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.RmsNormKernels;

/**
 * {@link RmsNorm} over each query head and each key head, as Qwen3 has it. A row of {@code qkv} holds {@code heads} query
 * heads, {@code kvHeads} key heads, {@code kvHeads} value heads, in this order, each of headSize values; value heads pass
 * unchanged. {@code qkv} and its gradients are [n, (heads + 2 kvHeads) headSize] of one dtype, F32 or BF16;
 * {@code weightQ} and {@code weightK} are F32 [headSize], {@code inverseRms} F32 [n, heads + kvHeads].
 */
public final class HeadNorm {
    /** How a row is laid out: extents in values. */
    private record Layout(int rows, int columns, int heads, int kvHeads, int headSize) {
        static Layout of(Check check, Tensor qkv, int heads, int kvHeads, Tensor weightQ, Tensor weightK) {
            int rows = check.valueRows("qkv", qkv);
            int columns = Check.columns(qkv);
            check.require(heads > 0 && kvHeads > 0, "heads " + heads + " and kvHeads " + kvHeads + " must be positive");
            check.require(
                    columns % (heads + 2L * kvHeads) == 0,
                    "qkv has " + columns + " columns, which " + heads + " query heads and twice " + kvHeads
                            + " key-value heads do not divide");
            int headSize = columns / (heads + 2 * kvHeads);
            check.elements("weightQ", weightQ, DType.F32, headSize);
            check.elements("weightK", weightK, DType.F32, headSize);
            return new Layout(rows, columns, heads, kvHeads, headSize);
        }

        /** Bytes from a row to the next. */
        long rowBytes() {
            return (long) columns * Float.BYTES;
        }

        /** Bytes from a row's start to its first key head. */
        long keys() {
            return (long) heads * headSize * Float.BYTES;
        }

        /** Bytes from a row's start to its first value head. */
        long values() {
            return (long) (heads + kvHeads) * headSize * Float.BYTES;
        }

        /** Bytes of a row's value heads. */
        long valueBytes() {
            return (long) kvHeads * headSize * Float.BYTES;
        }

        /** Address of the first query head's statistic of {@code row}. */
        long statistic(long inverseRms, long row) {
            return inverseRms + row * (heads + kvHeads) * Float.BYTES;
        }

        /** Bytes from a row's first statistic to that of its first key head. */
        long keyStatistics() {
            return (long) heads * Float.BYTES;
        }

        double normalised() {
            return (double) rows * (heads + kvHeads) * headSize;
        }
    }

    private HeadNorm() {}

    /** Sets {@code out} and {@code inverseRms}. {@code out} may be {@code qkv}. */
    public static void forward(
            Compute compute,
            Tensor qkv,
            Tensor weightQ,
            Tensor weightK,
            int heads,
            int kvHeads,
            float epsilon,
            Tensor out,
            Tensor inverseRms) {
        Check check = new Check("head_norm.forward");
        Layout layout = Layout.of(check, qkv, heads, kvHeads, weightQ, weightK);
        check.matrix("out", out, qkv.dtype(), layout.rows, layout.columns);
        check.elements("inverseRms", inverseRms, DType.F32, (long) layout.rows * (heads + kvHeads));
        long queryWeight = weightQ.address();
        long keyWeight = weightK.address();
        long inverse = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(qkv);
        Tiles.Operand result = tiles.write(out);
        int size = layout.headSize;
        tiles.run(check.operation(), 4 * layout.normalised(), layout.rows, tile -> {
            for (int row = 0; row < tile.rows(); row++) {
                long x = tile.of(input) + row * layout.rowBytes();
                long y = tile.of(result) + row * layout.rowBytes();
                long queries = layout.statistic(inverse, tile.firstRow() + row);
                long keys = queries + layout.keyStatistics();
                kernels.forward(x, queryWeight, epsilon, y, queries, heads, size);
                kernels.forward(x + layout.keys(), keyWeight, epsilon, y + layout.keys(), keys, kvHeads, size);
                copyValues(layout, x, y);
            }
        });
    }

    private static void copyValues(Layout layout, long from, long to) {
        if (from != to) {
            Addresses.copy(from + layout.values(), to + layout.values(), layout.valueBytes());
        }
    }

    /** Sets {@code dqkv}, which may be {@code dOut}. */
    public static void inputGradient(
            Compute compute,
            Tensor dOut,
            Tensor qkv,
            Tensor weightQ,
            Tensor weightK,
            int heads,
            int kvHeads,
            Tensor inverseRms,
            Tensor dqkv) {
        Check check = new Check("head_norm.input_gradient");
        Layout layout = Layout.of(check, qkv, heads, kvHeads, weightQ, weightK);
        check.matrix("dOut", dOut, qkv.dtype(), layout.rows, layout.columns);
        check.elements("inverseRms", inverseRms, DType.F32, (long) layout.rows * (heads + kvHeads));
        check.matrix("dqkv", dqkv, qkv.dtype(), layout.rows, layout.columns);
        long queryWeight = weightQ.address();
        long keyWeight = weightK.address();
        long inverse = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.read(dOut);
        Tiles.Operand input = tiles.read(qkv);
        Tiles.Operand result = tiles.write(dqkv);
        int size = layout.headSize;
        long offset = layout.keys();
        tiles.run(check.operation(), 8 * layout.normalised(), layout.rows, tile -> {
            for (int row = 0; row < tile.rows(); row++) {
                long dy = tile.of(gradient) + row * layout.rowBytes();
                long x = tile.of(input) + row * layout.rowBytes();
                long dx = tile.of(result) + row * layout.rowBytes();
                long queries = layout.statistic(inverse, tile.firstRow() + row);
                long keys = queries + layout.keyStatistics();
                kernels.inputGradient(dy, x, queryWeight, queries, 0, dx, heads, size);
                kernels.inputGradient(dy + offset, x + offset, keyWeight, keys, 0, dx + offset, kvHeads, size);
                copyValues(layout, dy, dx);
            }
        });
    }

    /** Adds the gradients of the weights to {@code dWeightQ} and {@code dWeightK}, F32 [headSize]. */
    public static void weightGradient(
            Compute compute,
            Tensor dOut,
            Tensor qkv,
            Tensor inverseRms,
            int heads,
            int kvHeads,
            Tensor dWeightQ,
            Tensor dWeightK) {
        Check check = new Check("head_norm.weight_gradient");
        Layout layout = Layout.of(check, qkv, heads, kvHeads, dWeightQ, dWeightK);
        check.matrix("dOut", dOut, qkv.dtype(), layout.rows, layout.columns);
        check.elements("inverseRms", inverseRms, DType.F32, (long) layout.rows * (heads + kvHeads));
        addWeightGradient(check, compute, layout, dOut, qkv, inverseRms, 0, heads, dWeightQ);
        addWeightGradient(check, compute, layout, dOut, qkv, inverseRms, heads, kvHeads, dWeightK);
    }

    private static void addWeightGradient(
            Check check,
            Compute compute,
            Layout layout,
            Tensor dOut,
            Tensor qkv,
            Tensor inverseRms,
            int firstHead,
            int count,
            Tensor dWeight) {
        int size = layout.headSize;
        long inverse = inverseRms.address() + (long) firstHead * Float.BYTES;
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.read(dOut, firstHead * size, count * size);
        Tiles.Operand input = tiles.read(qkv, firstHead * size, count * size);
        tiles.sumRows(check.operation(), 3.0 * layout.rows * count * size, layout.rows, dWeight, (tile, sums) -> {
            for (int row = 0; row < tile.rows(); row++) {
                long offset = (long) row * gradient.stride() * Float.BYTES;
                long statistics = layout.statistic(inverse, tile.firstRow() + row);
                kernels.weightGradient(
                        tile.of(gradient) + offset, tile.of(input) + offset, statistics, sums, count, size);
            }
        });
    }
}
