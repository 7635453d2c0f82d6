package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.RmsNormKernels;

/**
 * {@link RmsNorm} over each query head and each key head, as Qwen3 has it. A row of {@code qkv} holds {@code heads} query
 * heads, {@code kvHeads} key heads, {@code kvHeads} value heads, in this order, each of headSize values; value heads pass
 * unchanged. {@code qkv} and its gradients are [n, (heads + 2 kvHeads) headSize] of one dtype, F32 or BF16;
 * {@code weightQ} and {@code weightK} are F32 [headSize], {@code inverseRms} F32 [n, heads + kvHeads].
 */
public final class HeadNorm {
    /** How a row is laid out: extents in values. */
    private record Layout(boolean bf16, int rows, int columns, int heads, int kvHeads, int headSize) {
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
            return new Layout(qkv.dtype() == DType.BF16, rows, columns, heads, kvHeads, headSize);
        }

        long bytes(long values) {
            return values * (bf16 ? Short.BYTES : Float.BYTES);
        }

        /** Byte offset of the first key head of {@code row}. */
        long key(long row) {
            return bytes(row * columns + (long) heads * headSize);
        }

        /** Byte offset of the first value head of {@code row}. */
        long value(long row) {
            return bytes(row * columns + (long) (heads + kvHeads) * headSize);
        }

        /** Byte offset of the first query head's statistic of {@code row}. */
        long statistic(long row) {
            return row * (heads + kvHeads) * Float.BYTES;
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
        long from = qkv.address();
        long to = out.address();
        long queryWeight = weightQ.address();
        long keyWeight = weightK.address();
        long inverse = inverseRms.address();
        int size = layout.headSize;
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        compute.profile().time(check.operation(), 4.0 * layout.rows * (heads + kvHeads) * size, () -> {
            Blocks.rows(compute, layout.rows, layout.columns, (first, count) -> {
                for (long row = first; row < first + count; row++) {
                    long query = layout.bytes(row * layout.columns);
                    long key = layout.key(row);
                    long statistic = inverse + layout.statistic(row);
                    kernels.forward(
                            layout.bf16, from + query, queryWeight, epsilon, to + query, statistic, heads, size);
                    statistic += (long) heads * Float.BYTES;
                    kernels.forward(layout.bf16, from + key, keyWeight, epsilon, to + key, statistic, kvHeads, size);
                    copyValues(compute, layout, from, to, row);
                }
            });
        });
    }

    private static void copyValues(Compute compute, Layout layout, long from, long to, long row) {
        if (from != to) {
            long value = layout.value(row);
            int count = layout.kvHeads * layout.headSize;
            compute.kernels().elementwise().convert(layout.bf16, from + value, layout.bf16, to + value, count);
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
        long dy = dOut.address();
        long x = qkv.address();
        long dx = dqkv.address();
        long queryWeight = weightQ.address();
        long keyWeight = weightK.address();
        long inverse = inverseRms.address();
        int size = layout.headSize;
        boolean bf16 = layout.bf16;
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        compute.profile().time(check.operation(), 8.0 * layout.rows * (heads + kvHeads) * size, () -> {
            Blocks.rows(compute, layout.rows, layout.columns, (first, count) -> {
                for (long row = first; row < first + count; row++) {
                    long query = layout.bytes(row * layout.columns);
                    long key = layout.key(row);
                    long statistic = inverse + layout.statistic(row);
                    kernels.inputGradient(
                            bf16, dy + query, x + query, queryWeight, statistic, 0, dx + query, heads, size);
                    statistic += (long) heads * Float.BYTES;
                    kernels.inputGradient(bf16, dy + key, x + key, keyWeight, statistic, 0, dx + key, kvHeads, size);
                    copyValues(compute, layout, dy, dx, row);
                }
            });
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
        compute.profile().time(check.operation(), 3.0 * layout.rows * (heads + kvHeads) * layout.headSize, () -> {
            weightHalf(compute, layout, dOut, qkv, inverseRms, 0, heads, dWeightQ);
            weightHalf(compute, layout, dOut, qkv, inverseRms, heads, kvHeads, dWeightK);
        });
    }

    private static void weightHalf(
            Compute compute,
            Layout layout,
            Tensor dOut,
            Tensor qkv,
            Tensor inverseRms,
            int firstHead,
            int count,
            Tensor dWeight) {
        long offset = layout.bytes((long) firstHead * layout.headSize);
        long dy = dOut.address() + offset;
        long x = qkv.address() + offset;
        long inverse = inverseRms.address() + (long) firstHead * Float.BYTES;
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Blocks.sumRows(compute, layout.rows, dWeight, (from, rows, sums) -> {
            for (long row = from; row < from + rows; row++) {
                long at = layout.bytes(row * layout.columns);
                long statistic = inverse + layout.statistic(row);
                kernels.weightGradient(layout.bf16, dy + at, x + at, statistic, sums, count, layout.headSize);
            }
        });
    }
}
