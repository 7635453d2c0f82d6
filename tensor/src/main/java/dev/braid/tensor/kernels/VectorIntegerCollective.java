package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.ALL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Sums and maxima of I32, maxima of I8 over ranks. */
final class VectorIntegerCollective {
    private static final int BYTES = Species.BITS / Byte.SIZE;
    private static final int TURN = 2 * BYTES;

    private VectorIntegerCollective() {}

    static void sumInts(long[] sources, int n, long target, long from, long to) {
        long end = to * Integer.BYTES;
        long at = from * Integer.BYTES;
        for (; at <= end - TURN; at += TURN) {
            long x = sources[0] + at;
            IntVector v0 = IntVector.fromMemorySegment(Species.INT, ALL, x, LITTLE_ENDIAN);
            IntVector v1 = IntVector.fromMemorySegment(Species.INT, ALL, x + BYTES, LITTLE_ENDIAN);
            for (int source = 1; source < n; source++) {
                long y = sources[source] + at;
                v0 = v0.add(IntVector.fromMemorySegment(Species.INT, ALL, y, LITTLE_ENDIAN));
                v1 = v1.add(IntVector.fromMemorySegment(Species.INT, ALL, y + BYTES, LITTLE_ENDIAN));
            }
            v0.intoMemorySegment(ALL, target + at, LITTLE_ENDIAN);
            v1.intoMemorySegment(ALL, target + at + BYTES, LITTLE_ENDIAN);
        }
        ScalarCollective.sumInts(sources, n, target, at / Integer.BYTES, to);
    }

    static void maxInts(long[] sources, int n, long target, long from, long to) {
        long end = to * Integer.BYTES;
        long at = from * Integer.BYTES;
        for (; at <= end - TURN; at += TURN) {
            long x = sources[0] + at;
            IntVector v0 = IntVector.fromMemorySegment(Species.INT, ALL, x, LITTLE_ENDIAN);
            IntVector v1 = IntVector.fromMemorySegment(Species.INT, ALL, x + BYTES, LITTLE_ENDIAN);
            for (int source = 1; source < n; source++) {
                long y = sources[source] + at;
                IntVector w0 = IntVector.fromMemorySegment(Species.INT, ALL, y, LITTLE_ENDIAN);
                IntVector w1 = IntVector.fromMemorySegment(Species.INT, ALL, y + BYTES, LITTLE_ENDIAN);
                v0 = v0.lanewise(VectorOperators.MAX, w0);
                v1 = v1.lanewise(VectorOperators.MAX, w1);
            }
            v0.intoMemorySegment(ALL, target + at, LITTLE_ENDIAN);
            v1.intoMemorySegment(ALL, target + at + BYTES, LITTLE_ENDIAN);
        }
        ScalarCollective.maxInts(sources, n, target, at / Integer.BYTES, to);
    }

    static void maxBytes(long[] sources, int n, long target, long from, long to) {
        long at = from;
        for (; at <= to - TURN; at += TURN) {
            long x = sources[0] + at;
            ByteVector v0 = ByteVector.fromMemorySegment(Species.BYTE, ALL, x, LITTLE_ENDIAN);
            ByteVector v1 = ByteVector.fromMemorySegment(Species.BYTE, ALL, x + BYTES, LITTLE_ENDIAN);
            for (int source = 1; source < n; source++) {
                long y = sources[source] + at;
                ByteVector w0 = ByteVector.fromMemorySegment(Species.BYTE, ALL, y, LITTLE_ENDIAN);
                ByteVector w1 = ByteVector.fromMemorySegment(Species.BYTE, ALL, y + BYTES, LITTLE_ENDIAN);
                v0 = v0.lanewise(VectorOperators.MAX, w0);
                v1 = v1.lanewise(VectorOperators.MAX, w1);
            }
            v0.intoMemorySegment(ALL, target + at, LITTLE_ENDIAN);
            v1.intoMemorySegment(ALL, target + at + BYTES, LITTLE_ENDIAN);
        }
        ScalarCollective.maxBytes(sources, n, target, at, to);
    }
}
