package dev.braid.tensor.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** Loads and stores of F32 vectors of {@link Species#FLOAT} at absolute addresses. */
public final class VectorValues {
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
}
