package dev.braid.tensor.ops;

import dev.braid.tensor.BlockFormat;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.QuantizationKernels;
import java.util.List;

/**
 * Symmetric quantisation by blocks (ZeRO++, arXiv 2306.10209): the largest magnitude of a block becomes the largest code, 127 or
 * 7, the others are rounded to nearest even, so that no number is off by more than half of its block's scale (and a rounding of
 * f32). Blocks are counted from a tensor's start, so a tensor that is cut between blocks gives the same numbers.
 *
 * <p>A block with a NaN or an infinity comes back as NaN altogether, so that whoever looks for them finds them. Quantised tensors
 * are I8 of {@link BlockFormat#bytes} elements.
 */
public final class BlockQuantization {
    private BlockQuantization() {}

    /** Quantises {@code source}, F32 or BF16, to {@code target}. */
    public static void quantize(Compute compute, BlockFormat format, Tensor source, Tensor target) {
        Check check = new Check("quantize");
        check.values("source", source, source.count());
        check.elements("target", target, DType.I8, format.bytes(source.count()));
        long to = target.address();
        long bytes = format.bytes(format.block());
        QuantizationKernels kernels = compute.kernels().quantization();
        forEachBlock(
                compute,
                check,
                format,
                source,
                false,
                (numbers, block, count) -> kernels.quantize(format, numbers, to + block * bytes, count));
    }

    /** {@code target}, F32 or BF16, becomes the numbers in {@code source}. */
    public static void dequantize(Compute compute, BlockFormat format, Tensor source, Tensor target) {
        Check check = new Check("dequantize");
        check.values("target", target, target.count());
        check.elements("source", source, DType.I8, format.bytes(target.count()));
        long from = source.address();
        long bytes = format.bytes(format.block());
        QuantizationKernels kernels = compute.kernels().quantization();
        forEachBlock(
                compute,
                check,
                format,
                target,
                true,
                (numbers, block, count) -> kernels.dequantize(format, from + block * bytes, numbers, count));
    }

    /** Adds the numbers in each of {@code sources} to {@code target}, F32: {@code ((target + x0) + x1) + ...}. */
    public static void add(Compute compute, BlockFormat format, List<Tensor> sources, Tensor target) {
        Check check = new Check("dequantize_and_add");
        check.floats("target", target);
        for (int i = 0; i < sources.size(); i++) {
            check.elements("source " + i, sources.get(i), DType.I8, format.bytes(target.count()));
        }
        long[] from = sources.stream().mapToLong(Tensor::address).toArray();
        long bytes = format.bytes(format.block());
        QuantizationKernels kernels = compute.kernels().quantization();
        forEachBlock(compute, check, format, target, true, (numbers, block, count) -> {
            for (long source : from) {
                kernels.dequantizeAndAdd(format, source + block * bytes, numbers, count);
            }
        });
    }

    /** Work on {@code count} F32 at {@code numbers}, which are those of block {@code block}. */
    private interface BlockBody {
        void run(long numbers, long block, int count);
    }

    private static void forEachBlock(
            Compute compute, Check check, BlockFormat format, Tensor tensor, boolean write, BlockBody body) {
        Tensor flat = tensor.reshape(tensor.count());
        long whole = tensor.count() / format.block();
        long inWhole = whole * format.block();
        long rest = tensor.count() - inWhole;
        if (whole > 0) {
            run(compute, check, flat.rows(0, inWhole).reshape(whole, format.block()), write, 0, body);
        }
        if (rest > 0) {
            run(compute, check, flat.rows(inWhole, rest).reshape(1, rest), write, whole, body);
        }
    }

    /** Each row is a block, the first of them block {@code first}. */
    private static void run(Compute compute, Check check, Tensor rows, boolean write, long first, BlockBody body) {
        int columns = Check.columns(rows);
        Tiles tiles = new Tiles(compute);
        Tiles.Operand operand = write ? tiles.write(rows) : tiles.read(rows);
        tiles.run(check.operation(), rows.count(), rows.shape().rows(), tile -> {
            for (int row = 0; row < tile.rows(); row++) {
                long numbers = tile.of(operand) + (long) row * columns * Float.BYTES;
                body.run(numbers, first + tile.firstRow() + row, columns);
            }
        });
    }
}
