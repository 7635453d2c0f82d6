package dev.braid.tensor.matmul;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.Species;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Rows of consecutive elements at absolute addresses: widening of BF16, and results stored or added. */
final class Rows {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final int LANES = Species.LANES;

    private Rows() {}

    /** One vector of f32. */
    static FloatVector floats(long address) {
        return FloatVector.fromMemorySegment(Species.FLOAT, ALL, address, LITTLE_ENDIAN);
    }

    /** One vector of BF16, widened. */
    static FloatVector widened(long address) {
        ShortVector bits = ShortVector.fromMemorySegment(Species.SHORT, ALL, address, LITTLE_ENDIAN);
        IntVector wide = (IntVector) bits.convertShape(VectorOperators.ZERO_EXTEND_S2I, Species.INT, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** Rounds to the nearest BF16, ties to even, as {@link DType#toBf16}: a NaN stays a NaN. */
    private static void saveRounded(FloatVector value, long address) {
        IntVector bits = value.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7FFF).add(odd).lanewise(VectorOperators.LSHR, 16);
        IntVector quiet = bits.lanewise(VectorOperators.LSHR, 16).or(0x40);
        IntVector result =
                rounded.blend(quiet, value.test(VectorOperators.IS_NAN).cast(Species.INT));
        ((ShortVector) result.convertShape(VectorOperators.I2S, Species.SHORT, 0))
                .intoMemorySegment(ALL, address, LITTLE_ENDIAN);
    }

    /** Copies {@code count} f32. */
    static void copy(long from, long to, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            floats(from + 4L * i).intoMemorySegment(ALL, to + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, to + 4L * i, ALL.get(FLOAT, from + 4L * i));
        }
    }

    /** Copies {@code count} BF16 into f32. */
    static void widen(long from, long to, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            widened(from + 2L * i).intoMemorySegment(ALL, to + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, to + 4L * i, DType.fromBf16(ALL.get(SHORT, from + 2L * i)));
        }
    }

    /** Stores {@code count} f32 sums into a row of C, or adds them to it. */
    static void result(long from, DType dtype, boolean accumulate, long to, int count) {
        switch (dtype) {
            case F32 -> {
                if (accumulate) {
                    add(from, to, count);
                } else {
                    copy(from, to, count);
                }
            }
            case BF16 -> {
                if (accumulate) {
                    addRounded(from, to, count);
                } else {
                    round(from, to, count);
                }
            }
            case I32, I8 -> throw new IllegalArgumentException("no matrix products of " + dtype);
        }
    }

    private static void add(long from, long to, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            floats(to + 4L * i).add(floats(from + 4L * i)).intoMemorySegment(ALL, to + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, to + 4L * i, ALL.get(FLOAT, to + 4L * i) + ALL.get(FLOAT, from + 4L * i));
        }
    }

    private static void round(long from, long to, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            saveRounded(floats(from + 4L * i), to + 2L * i);
        }
        for (; i < count; i++) {
            ALL.set(SHORT, to + 2L * i, DType.toBf16(ALL.get(FLOAT, from + 4L * i)));
        }
    }

    private static void addRounded(long from, long to, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            saveRounded(widened(to + 2L * i).add(floats(from + 4L * i)), to + 2L * i);
        }
        for (; i < count; i++) {
            float sum = DType.fromBf16(ALL.get(SHORT, to + 2L * i)) + ALL.get(FLOAT, from + 4L * i);
            ALL.set(SHORT, to + 2L * i, DType.toBf16(sum));
        }
    }
}
