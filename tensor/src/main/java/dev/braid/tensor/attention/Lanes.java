package dev.braid.tensor.attention;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of the attention kernels: their width, access by absolute address, and {@code 2^x}. The width in bits is the
 * property {@code braid.vector.bits} (128, 256 or 512), by default the widest that the processor likes.
 */
final class Lanes {
    /** All of the address space: kernels take absolute addresses, which the facade has checked. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    static final VectorSpecies<Float> FLOATS = species();
    static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    /** As many lanes as {@link #FLOATS} has, of half the size. */
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(INTS.vectorBitSize() / 2));

    /** Floats in a vector. */
    static final int LANES = FLOATS.length();

    /** Columns of a panel: two vectors. */
    static final int PANEL = 2 * LANES;

    private static final float ROUND = 0x1.8p23f;
    private static final float LEAST = -125;

    private Lanes() {}

    private static VectorSpecies<Float> species() {
        int bits = Integer.getInteger("braid.vector.bits", FloatVector.SPECIES_PREFERRED.vectorBitSize());
        return switch (bits) {
            case 128, 256, 512 -> VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
            default ->
                throw new IllegalArgumentException("-Dbraid.vector.bits must be 128, 256 or 512 but is " + bits
                        + ": leave it out for the default");
        };
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, ALL, address, ORDER);
    }

    static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(ALL, address, ORDER);
    }

    static float get(long address) {
        return ALL.get(FLOAT, address);
    }

    static void set(long address, float value) {
        ALL.set(FLOAT, address, value);
    }

    /** A vector of BF16 values, widened: exact. */
    static FloatVector loadBf16(long address) {
        ShortVector halves = ShortVector.fromMemorySegment(SHORTS, ALL, address, ORDER);
        IntVector bits = (IntVector) halves.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** Stores a vector rounded to BF16, ties to even; a NaN stays a NaN. */
    static void storeBf16(FloatVector vector, long address) {
        IntVector bits = vector.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7FFF).add(odd);
        VectorMask<Integer> nan = vector.test(VectorOperators.IS_NAN).cast(INTS);
        IntVector high = rounded.blend(bits.or(0x400000), nan).lanewise(VectorOperators.LSHR, 16);
        ((ShortVector) high.convertShape(VectorOperators.I2S, SHORTS, 0)).intoMemorySegment(ALL, address, ORDER);
    }

    /**
     * {@code 2^x} within 2 units in the last place for x up to 127; exactly 0 below -125, so that masked scores of minus
     * infinity weigh nothing; NaN for NaN. A minimax polynomial of degree 6 on [-1/2, 1/2], times a power of two.
     */
    static FloatVector exp2(FloatVector x) {
        FloatVector shifted = x.add(ROUND);
        FloatVector fraction = x.sub(shifted.sub(ROUND));
        FloatVector power = FloatVector.broadcast(FLOATS, 1.53458124e-4f)
                .fma(fraction, FloatVector.broadcast(FLOATS, 1.33999309e-3f))
                .fma(fraction, FloatVector.broadcast(FLOATS, 9.61848907e-3f))
                .fma(fraction, FloatVector.broadcast(FLOATS, 5.55032864e-2f))
                .fma(fraction, FloatVector.broadcast(FLOATS, 2.40226462e-1f))
                .fma(fraction, FloatVector.broadcast(FLOATS, 6.93147182e-1f))
                .fma(fraction, FloatVector.broadcast(FLOATS, 1));
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector result = power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
        return result.blend(0, x.lt(LEAST));
    }

    /** Sum of the lanes stored at {@code address}, in one fixed order, which {@code reduceLanes} does not promise. */
    static float sum(long address) {
        float even = 0;
        float odd = 0;
        for (int lane = 0; lane < LANES; lane += 2) {
            even += get(address + 4L * lane);
            odd += get(address + 4L * lane + 4);
        }
        return even + odd;
    }

    /** {@code count} rounded up to whole vectors of two: the padded width of packed rows. */
    static int padded(int count) {
        return (count + PANEL - 1) / PANEL * PANEL;
    }
}
