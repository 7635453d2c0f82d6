package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.Addresses.setInt;

import dev.braid.tensor.BlockFormat;

final class ScalarQuantization implements QuantizationKernels {
    /** All bits of a float but its sign: ordered as magnitudes are, with infinity and then NaN above all numbers. */
    static final int MAGNITUDE = 0x7FFF_FFFF;

    private static final int INFINITY = 0x7F80_0000;

    @Override
    public void quantize(BlockFormat format, long source, long target, int count) {
        int most = 0;
        for (int i = 0; i < count; i++) {
            most = Math.max(most, getInt(source, i) & MAGNITUDE);
        }
        float scale = scale(format, most);
        setFloat(target, 0, scale);
        int words = format.words(count);
        for (int word = 0; word < words; word++) {
            int codes = 0;
            for (int i = word, shift = 0; i < count; i += words, shift += format.bits()) {
                codes |= code(format, getFloat(source, i), scale) << shift;
            }
            setInt(target, 1 + word, codes);
        }
    }

    /** The scale of a block whose largest magnitude has these bits. */
    static float scale(BlockFormat format, int most) {
        if (most >= INFINITY) {
            return Float.NaN;
        }
        float scale = Float.intBitsToFloat(most) / format.largest();
        return scale < Float.MIN_NORMAL ? 0 : scale;
    }

    /** In the lowest bits; the others are 0. */
    private static int code(BlockFormat format, float number, float scale) {
        int code = scale > 0 ? (int) Math.rint(number / scale) : 0;
        return code & (1 << format.bits()) - 1;
    }

    @Override
    public void dequantize(BlockFormat format, long source, long target, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(target, i, number(format, source, i, count));
        }
    }

    @Override
    public void dequantizeAndAdd(BlockFormat format, long source, long target, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(target, i, getFloat(target, i) + number(format, source, i, count));
        }
    }

    private static float number(BlockFormat format, long source, int i, int count) {
        int words = format.words(count);
        int codes = getInt(source, 1 + i % words);
        int unused = Integer.SIZE - format.bits();
        int code = codes << unused - i / words * format.bits() >> unused;
        return code * getFloat(source, 0);
    }
}
