package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.ALL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.braid.tensor.BlockFormat;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** A word of codes is made in one lane, and taken apart in one lane. Blocks that are not whole go the scalar way. */
final class VectorQuantization implements QuantizationKernels {
    private static final int LANES = Species.LANES;
    /** Added to a small number it leaves no bits for a fraction: the sum is rounded to nearest even, its last bits are the integer. */
    private static final float ROUNDING = 0x1.8p23f;

    private final ScalarQuantization scalar = new ScalarQuantization();

    @Override
    public void quantize(BlockFormat format, long source, long target, int count) {
        if (count < format.block()) {
            scalar.quantize(format, source, target, count);
            return;
        }
        IntVector largest = IntVector.zero(Species.INT);
        for (int i = 0; i < count; i += LANES) {
            IntVector bits =
                    IntVector.fromMemorySegment(Species.INT, ALL, source + (long) i * Float.BYTES, LITTLE_ENDIAN);
            largest = largest.max(bits.and(ScalarQuantization.MAGNITUDE));
        }
        float scale = ScalarQuantization.scale(format, largest.reduceLanes(VectorOperators.MAX));
        Addresses.setFloat(target, 0, scale);
        if (scale > 0) {
            quantize(format, source, target + Float.BYTES, count, scale);
        } else {
            Addresses.fillZero(target + Float.BYTES, (long) count * format.bits() / Byte.SIZE);
        }
    }

    private static void quantize(BlockFormat format, long source, long target, int count, float scale) {
        int bits = format.bits();
        int mask = (1 << bits) - 1;
        int words = format.words(count);
        for (int word = 0; word < words; word += LANES) {
            IntVector codes = IntVector.zero(Species.INT);
            for (int i = word, shift = 0; i < count; i += words, shift += bits) {
                FloatVector numbers = FloatVector.fromMemorySegment(
                        Species.FLOAT, ALL, source + (long) i * Float.BYTES, LITTLE_ENDIAN);
                IntVector code =
                        numbers.div(scale).add(ROUNDING).reinterpretAsInts().and(mask);
                codes = codes.or(code.lanewise(VectorOperators.LSHL, shift));
            }
            codes.intoMemorySegment(ALL, target + (long) word * Integer.BYTES, LITTLE_ENDIAN);
        }
    }

    @Override
    public void dequantize(BlockFormat format, long source, long target, int count) {
        if (count < format.block()) {
            scalar.dequantize(format, source, target, count);
            return;
        }
        float scale = Addresses.getFloat(source, 0);
        int bits = format.bits();
        int unused = Integer.SIZE - bits;
        int words = format.words(count);
        for (int word = 0; word < words; word += LANES) {
            IntVector codes = IntVector.fromMemorySegment(
                    Species.INT, ALL, source + Float.BYTES + (long) word * Integer.BYTES, LITTLE_ENDIAN);
            for (int i = word, shift = unused; i < count; i += words, shift -= bits) {
                IntVector code = codes.lanewise(VectorOperators.LSHL, shift).lanewise(VectorOperators.ASHR, unused);
                FloatVector numbers = (FloatVector) code.convert(VectorOperators.I2F, 0);
                numbers.mul(scale).intoMemorySegment(ALL, target + (long) i * Float.BYTES, LITTLE_ENDIAN);
            }
        }
    }

    @Override
    public void dequantizeAndAdd(BlockFormat format, long source, long target, int count) {
        if (count < format.block()) {
            scalar.dequantizeAndAdd(format, source, target, count);
            return;
        }
        float scale = Addresses.getFloat(source, 0);
        int bits = format.bits();
        int unused = Integer.SIZE - bits;
        int words = format.words(count);
        for (int word = 0; word < words; word += LANES) {
            IntVector codes = IntVector.fromMemorySegment(
                    Species.INT, ALL, source + Float.BYTES + (long) word * Integer.BYTES, LITTLE_ENDIAN);
            for (int i = word, shift = unused; i < count; i += words, shift -= bits) {
                long at = target + (long) i * Float.BYTES;
                IntVector code = codes.lanewise(VectorOperators.LSHL, shift).lanewise(VectorOperators.ASHR, unused);
                FloatVector numbers = (FloatVector) code.convert(VectorOperators.I2F, 0);
                FloatVector.fromMemorySegment(Species.FLOAT, ALL, at, LITTLE_ENDIAN)
                        .add(numbers.mul(scale))
                        .intoMemorySegment(ALL, at, LITTLE_ENDIAN);
            }
        }
    }
}
