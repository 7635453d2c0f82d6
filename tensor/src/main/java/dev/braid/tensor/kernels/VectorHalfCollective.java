package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.ALL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Sums and maxima of BF16 over ranks. A vector of words holds two elements a lane: the upper half of a word is an f32 once the
 * lower half is cleared, the lower half once it is moved up. So elements are widened without moving between lanes, and at the
 * end both halves are rounded and put together again.
 */
final class VectorHalfCollective {
    private static final int BYTES = Species.BITS / Byte.SIZE;
    private static final int TURN = 2 * BYTES;
    /** With so many sources or fewer, sums stay in registers: reading half the bytes, more streams do no harm. */
    static final int MOST_IN_REGISTERS = 16;
    /** Elements of the sums that stay in the first cache. */
    private static final int TILE = 2048;

    private static final int UPPER = 0xFFFF_0000;
    private static final int HALF_OF_LAST_PLACE = 0x7FFF;
    private static final int QUIET_NAN = 0x40_0000;

    private VectorHalfCollective() {}

    static void sum(long[] sources, int n, long target, long from, long to, float scale) {
        long end = to * Short.BYTES;
        long at = from * Short.BYTES;
        for (; at <= end - BYTES; at += BYTES) {
            IntVector words = IntVector.fromMemorySegment(Species.INT, ALL, sources[0] + at, LITTLE_ENDIAN);
            FloatVector low = words.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
            FloatVector high = words.and(UPPER).reinterpretAsFloats();
            for (int source = 1; source < n; source++) {
                IntVector next = IntVector.fromMemorySegment(Species.INT, ALL, sources[source] + at, LITTLE_ENDIAN);
                low = low.add(next.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats());
                high = high.add(next.and(UPPER).reinterpretAsFloats());
            }
            low = low.mul(scale);
            high = high.mul(scale);
            IntVector lowBits = low.reinterpretAsInts();
            IntVector highBits = high.reinterpretAsInts();
            IntVector lowOdd =
                    lowBits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
            IntVector highOdd =
                    highBits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
            // Rounding could carry a NaN over into another number.
            VectorMask<Integer> lowNan = low.compare(VectorOperators.NE, low).cast(Species.INT);
            VectorMask<Integer> highNan = high.compare(VectorOperators.NE, high).cast(Species.INT);
            lowBits = lowBits.add(lowOdd).add(HALF_OF_LAST_PLACE).blend(lowBits.or(QUIET_NAN), lowNan);
            highBits = highBits.add(highOdd).add(HALF_OF_LAST_PLACE).blend(highBits.or(QUIET_NAN), highNan);
            lowBits.lanewise(VectorOperators.LSHR, Short.SIZE)
                    .or(highBits.and(UPPER))
                    .intoMemorySegment(ALL, target + at, LITTLE_ENDIAN);
        }
        ScalarCollective.sumHalves(sources, n, target, at / Short.BYTES, to, scale);
    }

    /** The same sums in the same order, a few sources at a time over a tile of f32 that stays in the first cache. */
    static void sumInTiles(long[] sources, int n, long target, long count, float scale) {
        try (Arena arena = Arena.ofConfined()) {
            long sums = arena.allocate((long) TILE * Float.BYTES, 64).address();
            long start = 0;
            for (; start <= count - TILE; start += TILE) {
                long offset = start * Short.BYTES;
                widen(sources[0] + offset, sums);
                for (int source = 1; source < n; source += VectorFloatCollective.MOST_STREAMS) {
                    addToTile(sources, source, Math.min(n, source + VectorFloatCollective.MOST_STREAMS), offset, sums);
                }
                roundTile(sums, target + offset, scale);
            }
            ScalarCollective.sumHalves(sources, n, target, start, count, scale);
        }
    }

    /** The f32 of a word's lower half come first, then those of its upper half. */
    private static void widen(long source, long sums) {
        for (int at = 0; at < TILE * Short.BYTES; at += BYTES) {
            IntVector words = IntVector.fromMemorySegment(Species.INT, ALL, source + at, LITTLE_ENDIAN);
            long sum = sums + 2L * at;
            words.lanewise(VectorOperators.LSHL, Short.SIZE).intoMemorySegment(ALL, sum, LITTLE_ENDIAN);
            words.and(UPPER).intoMemorySegment(ALL, sum + BYTES, LITTLE_ENDIAN);
        }
    }

    private static void addToTile(long[] sources, int first, int end, long offset, long sums) {
        for (int at = 0; at < TILE * Short.BYTES; at += TURN) {
            long sum = sums + 2L * at;
            FloatVector low0 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, sum, LITTLE_ENDIAN);
            FloatVector high0 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, sum + BYTES, LITTLE_ENDIAN);
            FloatVector low1 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, sum + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector high1 = FloatVector.fromMemorySegment(Species.FLOAT, ALL, sum + 3 * BYTES, LITTLE_ENDIAN);
            for (int source = first; source < end; source++) {
                long y = sources[source] + offset + at;
                IntVector next0 = IntVector.fromMemorySegment(Species.INT, ALL, y, LITTLE_ENDIAN);
                IntVector next1 = IntVector.fromMemorySegment(Species.INT, ALL, y + BYTES, LITTLE_ENDIAN);
                low0 = low0.add(next0.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats());
                low1 = low1.add(next1.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats());
                high0 = high0.add(next0.and(UPPER).reinterpretAsFloats());
                high1 = high1.add(next1.and(UPPER).reinterpretAsFloats());
            }
            low0.intoMemorySegment(ALL, sum, LITTLE_ENDIAN);
            high0.intoMemorySegment(ALL, sum + BYTES, LITTLE_ENDIAN);
            low1.intoMemorySegment(ALL, sum + 2 * BYTES, LITTLE_ENDIAN);
            high1.intoMemorySegment(ALL, sum + 3 * BYTES, LITTLE_ENDIAN);
        }
    }

    private static void roundTile(long sums, long target, float scale) {
        for (int at = 0; at < TILE * Short.BYTES; at += BYTES) {
            long sum = sums + 2L * at;
            FloatVector low = FloatVector.fromMemorySegment(Species.FLOAT, ALL, sum, LITTLE_ENDIAN)
                    .mul(scale);
            FloatVector high = FloatVector.fromMemorySegment(Species.FLOAT, ALL, sum + BYTES, LITTLE_ENDIAN)
                    .mul(scale);
            IntVector lowBits = low.reinterpretAsInts();
            IntVector highBits = high.reinterpretAsInts();
            IntVector lowOdd =
                    lowBits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
            IntVector highOdd =
                    highBits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
            VectorMask<Integer> lowNan = low.compare(VectorOperators.NE, low).cast(Species.INT);
            VectorMask<Integer> highNan = high.compare(VectorOperators.NE, high).cast(Species.INT);
            lowBits = lowBits.add(lowOdd).add(HALF_OF_LAST_PLACE).blend(lowBits.or(QUIET_NAN), lowNan);
            highBits = highBits.add(highOdd).add(HALF_OF_LAST_PLACE).blend(highBits.or(QUIET_NAN), highNan);
            lowBits.lanewise(VectorOperators.LSHR, Short.SIZE)
                    .or(highBits.and(UPPER))
                    .intoMemorySegment(ALL, target + at, LITTLE_ENDIAN);
        }
    }

    /** The upper halves of both, those of {@code low} moved down. */
    private static IntVector joined(IntVector low, IntVector high) {
        return low.lanewise(VectorOperators.LSHR, Short.SIZE).or(high.and(UPPER));
    }

    static void max(long[] sources, int n, long target, long from, long to) {
        long end = to * Short.BYTES;
        long at = from * Short.BYTES;
        for (; at <= end - BYTES; at += BYTES) {
            IntVector words = IntVector.fromMemorySegment(Species.INT, ALL, sources[0] + at, LITTLE_ENDIAN);
            FloatVector low = words.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
            FloatVector high = words.and(UPPER).reinterpretAsFloats();
            for (int source = 1; source < n; source++) {
                IntVector next = IntVector.fromMemorySegment(Species.INT, ALL, sources[source] + at, LITTLE_ENDIAN);
                low = low.lanewise(
                        VectorOperators.MAX,
                        next.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats());
                high = high.lanewise(VectorOperators.MAX, next.and(UPPER).reinterpretAsFloats());
            }
            // The largest of some bf16 is one of them: there is nothing to round.
            joined(low.reinterpretAsInts(), high.reinterpretAsInts())
                    .intoMemorySegment(ALL, target + at, LITTLE_ENDIAN);
        }
        ScalarCollective.maxHalves(sources, n, target, at / Short.BYTES, to);
    }
}
