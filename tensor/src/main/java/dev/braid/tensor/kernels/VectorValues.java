package dev.braid.tensor.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Loads and stores of vectors of {@link Species#FLOAT} at absolute addresses, of F32 or of BF16. */
public final class VectorValues {
    private static final int HALF_OF_LAST_PLACE = 0x7FFF;
    private static final int QUIET_NAN = 0x400000;

    private VectorValues() {}

    /** The F32 elements from {@code index} of the array at {@code base}. */
    public static FloatVector load(long base, long index) {
        return FloatVector.fromMemorySegment(
                Species.FLOAT, Addresses.ALL, base + index * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
    }

    /** Stores to the F32 elements from {@code index} of the array at {@code base}. */
    public static void store(FloatVector vector, long base, long index) {
        vector.intoMemorySegment(Addresses.ALL, base + index * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
    }

    /** The BF16 elements from {@code index} of the array at {@code base}, as F32. */
    static FloatVector loadHalf(long base, long index) {
        ShortVector halves = ShortVector.fromMemorySegment(
                Species.SHORT, Addresses.ALL, base + index * Short.BYTES, ByteOrder.LITTLE_ENDIAN);
        IntVector bits = (IntVector) halves.convertShape(VectorOperators.ZERO_EXTEND_S2I, Species.INT, 0);
        return bits.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
    }

    /** Stores to the BF16 elements from {@code index} of the array at {@code base}, rounded to nearest even. */
    static void storeHalf(FloatVector values, long base, long index) {
        IntVector bits = values.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
        IntVector rounded = bits.add(odd).add(HALF_OF_LAST_PLACE);
        // Rounding could carry a NaN over into another number.
        VectorMask<Integer> nan = values.compare(VectorOperators.NE, values).cast(Species.INT);
        rounded = rounded.blend(bits.or(QUIET_NAN), nan).lanewise(VectorOperators.LSHR, Short.SIZE);
        ShortVector halves = (ShortVector) rounded.convertShape(VectorOperators.I2S, Species.SHORT, 0);
        halves.intoMemorySegment(Addresses.ALL, base + index * Short.BYTES, ByteOrder.LITTLE_ENDIAN);
    }
}
