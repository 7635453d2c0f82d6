package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.ALL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sums and maxima of F32 over ranks. Values stay in registers from the first source to the last, so that each source is read
 * once and the target written once. Loops call the Vector API directly: behind small methods they are not always inlined.
 */
final class VectorFloatCollective {
    private static final int BYTES = Species.BITS / Byte.SIZE;
    /** Bytes of each source that one turn of a loop takes. */
    private static final int TURN = 4 * BYTES;
    /** More streams than this are too many for the prefetchers of a core (measured: from 12 on, a quarter slower). */
    static final int MOST_STREAMS = 8;
    /** Elements of the sums that stay in the first cache while {@link #MOST_STREAMS} sources at a time are added. */
    private static final int TILE = 4096;

    private VectorFloatCollective() {}

    static void sum(long[] sources, int n, long target, long from, long to, float scale) {
        if (n == 2) {
            sumOfTwo(sources, target, from, to, scale);
        } else {
            sumInRegisters(sources, n, target, from, to, scale);
        }
    }

    private static void sumOfTwo(long[] sources, long target, long from, long to, float scale) {
        long a = sources[0];
        long b = sources[1];
        long end = to * Float.BYTES;
        long at = from * Float.BYTES;
        for (; at <= end - TURN; at += TURN) {
            long x = a + at;
            long y = b + at;
            long out = target + at;
            FloatVector v0 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x, LITTLE_ENDIAN);
            FloatVector v1 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector v3 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + 3 * BYTES, LITTLE_ENDIAN);
            v0 = v0.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y, LITTLE_ENDIAN));
            v1 = v1.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + BYTES, LITTLE_ENDIAN));
            v2 = v2.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + 2 * BYTES, LITTLE_ENDIAN));
            v3 = v3.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + 3 * BYTES, LITTLE_ENDIAN));
            v0.mul(scale).intoMemorySegment(ALL, out, LITTLE_ENDIAN);
            v1.mul(scale).intoMemorySegment(ALL, out + BYTES, LITTLE_ENDIAN);
            v2.mul(scale).intoMemorySegment(ALL, out + 2 * BYTES, LITTLE_ENDIAN);
            v3.mul(scale).intoMemorySegment(ALL, out + 3 * BYTES, LITTLE_ENDIAN);
        }
        ScalarCollective.sumFloats(sources, 2, target, at / Float.BYTES, to, scale);
    }

    private static void sumInRegisters(long[] sources, int n, long target, long from, long to, float scale) {
        long end = to * Float.BYTES;
        long at = from * Float.BYTES;
        for (; at <= end - TURN; at += TURN) {
            long x = sources[0] + at;
            FloatVector v0 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x, LITTLE_ENDIAN);
            FloatVector v1 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector v3 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + 3 * BYTES, LITTLE_ENDIAN);
            for (int source = 1; source < n; source++) {
                long y = sources[source] + at;
                v0 = v0.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y, LITTLE_ENDIAN));
                v1 = v1.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + BYTES, LITTLE_ENDIAN));
                v2 = v2.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + 2 * BYTES, LITTLE_ENDIAN));
                v3 = v3.add(FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + 3 * BYTES, LITTLE_ENDIAN));
            }
            long out = target + at;
            v0.mul(scale).intoMemorySegment(ALL, out, LITTLE_ENDIAN);
            v1.mul(scale).intoMemorySegment(ALL, out + BYTES, LITTLE_ENDIAN);
            v2.mul(scale).intoMemorySegment(ALL, out + 2 * BYTES, LITTLE_ENDIAN);
            v3.mul(scale).intoMemorySegment(ALL, out + 3 * BYTES, LITTLE_ENDIAN);
        }
        ScalarCollective.sumFloats(sources, n, target, at / Float.BYTES, to, scale);
    }

    /** The same sums in the same order, a few sources at a time over a tile that stays in the first cache. */
    static void sumInTiles(long[] sources, int n, long target, long count, float scale) {
        try (Arena arena = Arena.ofConfined()) {
            long sums = arena.allocate((long) TILE * Float.BYTES, 64).address();
            long[] streams = new long[MOST_STREAMS];
            for (long start = 0; start < count; start += TILE) {
                long offset = start * Float.BYTES;
                int size = (int) Math.min(TILE, count - start);
                int used = 0;
                for (int source = 0; source < n; source++) {
                    streams[used++] = sources[source] + offset;
                    if (source == n - 1) {
                        sumInRegisters(streams, used, target + offset, 0, size, scale);
                    } else if (used == MOST_STREAMS) {
                        sumInRegisters(streams, used, sums, 0, size, 1f);
                        streams[0] = sums;
                        used = 1;
                    }
                }
            }
        }
    }

    static void max(long[] sources, int n, long target, long from, long to) {
        long end = to * Float.BYTES;
        long at = from * Float.BYTES;
        for (; at <= end - TURN; at += TURN) {
            long x = sources[0] + at;
            FloatVector v0 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x, LITTLE_ENDIAN);
            FloatVector v1 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector v3 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, x + 3 * BYTES, LITTLE_ENDIAN);
            for (int source = 1; source < n; source++) {
                long y = sources[source] + at;
                FloatVector w0 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, y, LITTLE_ENDIAN);
                FloatVector w1 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + BYTES, LITTLE_ENDIAN);
                FloatVector w2 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + 2 * BYTES, LITTLE_ENDIAN);
                FloatVector w3 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, y + 3 * BYTES, LITTLE_ENDIAN);
                v0 = v0.lanewise(VectorOperators.MAX, w0);
                v1 = v1.lanewise(VectorOperators.MAX, w1);
                v2 = v2.lanewise(VectorOperators.MAX, w2);
                v3 = v3.lanewise(VectorOperators.MAX, w3);
            }
            long out = target + at;
            v0.intoMemorySegment(ALL, out, LITTLE_ENDIAN);
            v1.intoMemorySegment(ALL, out + BYTES, LITTLE_ENDIAN);
            v2.intoMemorySegment(ALL, out + 2 * BYTES, LITTLE_ENDIAN);
            v3.intoMemorySegment(ALL, out + 3 * BYTES, LITTLE_ENDIAN);
        }
        ScalarCollective.maxFloats(sources, n, target, at / Float.BYTES, to);
    }
}
