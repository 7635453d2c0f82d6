package dev.braid.tensor.kernels;

import dev.braid.tensor.BlockFormat;

/**
 * Kernels between F32 and one block of quantised numbers: see {@link BlockFormat}. The scale is the block's largest magnitude over
 * the largest code, divided in f32; a code is {@code number / scale}, rounded to nearest even. A scale below the least normal f32
 * counts as 0, and all numbers of the block with it. One number that is not finite makes the scale NaN, and so all of the block.
 * All providers give the same bits, but for which NaN a NaN is.
 */
public interface QuantizationKernels {
    /** Quantises {@code count} F32 numbers, at most a block, to {@code target}. */
    void quantize(BlockFormat format, long source, long target, int count);

    /** F32 {@code target[i] = code[i] * scale}. */
    void dequantize(BlockFormat format, long source, long target, int count);

    /** F32 {@code target[i] += code[i] * scale}, rounded after the product and after the sum. */
    void dequantizeAndAdd(BlockFormat format, long source, long target, int count);
}
