package dev.braid.tensor.matmul;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Transposes blocks of 8 x 8 in registers: three rounds, in which two rows swap halves, then quarters, then neighbours. For
 * processes whose vectors have 256 bits or more.
 */
public final class Transposition {
    /** Rows and columns of a block. */
    public static final int SIZE = 8;

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final VectorShuffle<Float> SWAP_FOUR = VectorShuffle.fromOp(FLOATS, i -> i ^ 4);
    private static final VectorShuffle<Float> SWAP_TWO = VectorShuffle.fromOp(FLOATS, i -> i ^ 2);
    private static final VectorShuffle<Float> SWAP_ONE = VectorShuffle.fromOp(FLOATS, i -> i ^ 1);
    private static final VectorMask<Float> MASK_FOUR = VectorMask.fromLong(FLOATS, 0b1111_0000);
    private static final VectorMask<Float> MASK_TWO = VectorMask.fromLong(FLOATS, 0b1100_1100);
    private static final VectorMask<Float> MASK_ONE = VectorMask.fromLong(FLOATS, 0b1010_1010);

    private Transposition() {}

    private static FloatVector widened(long address) {
        ShortVector bits = ShortVector.fromMemorySegment(ShortVector.SPECIES_128, ALL, address, LITTLE_ENDIAN);
        IntVector wide = (IntVector) bits.convertShape(VectorOperators.ZERO_EXTEND_S2I, IntVector.SPECIES_256, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /**
     * Eight rows of f32, of which {@code columns} (a multiple of 8) become as many rows of eight.
     *
     * @param stride bytes between rows of the source
     * @param step bytes between rows of the panel
     */
    public static void floats(long source, long stride, int columns, long panel, long step) {
        FloatVector swapped;
        for (int p = 0; p < columns; p += SIZE) {
            FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, ALL, source, LITTLE_ENDIAN);
            FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, ALL, source + stride, LITTLE_ENDIAN);
            FloatVector r2 = FloatVector.fromMemorySegment(FLOATS, ALL, source + 2 * stride, LITTLE_ENDIAN);
            FloatVector r3 = FloatVector.fromMemorySegment(FLOATS, ALL, source + 3 * stride, LITTLE_ENDIAN);
            FloatVector r4 = FloatVector.fromMemorySegment(FLOATS, ALL, source + 4 * stride, LITTLE_ENDIAN);
            FloatVector r5 = FloatVector.fromMemorySegment(FLOATS, ALL, source + 5 * stride, LITTLE_ENDIAN);
            FloatVector r6 = FloatVector.fromMemorySegment(FLOATS, ALL, source + 6 * stride, LITTLE_ENDIAN);
            FloatVector r7 = FloatVector.fromMemorySegment(FLOATS, ALL, source + 7 * stride, LITTLE_ENDIAN);
            swapped = r0.rearrange(SWAP_FOUR);
            r0 = r0.blend(r4.rearrange(SWAP_FOUR), MASK_FOUR);
            r4 = swapped.blend(r4, MASK_FOUR);
            swapped = r1.rearrange(SWAP_FOUR);
            r1 = r1.blend(r5.rearrange(SWAP_FOUR), MASK_FOUR);
            r5 = swapped.blend(r5, MASK_FOUR);
            swapped = r2.rearrange(SWAP_FOUR);
            r2 = r2.blend(r6.rearrange(SWAP_FOUR), MASK_FOUR);
            r6 = swapped.blend(r6, MASK_FOUR);
            swapped = r3.rearrange(SWAP_FOUR);
            r3 = r3.blend(r7.rearrange(SWAP_FOUR), MASK_FOUR);
            r7 = swapped.blend(r7, MASK_FOUR);
            swapped = r0.rearrange(SWAP_TWO);
            r0 = r0.blend(r2.rearrange(SWAP_TWO), MASK_TWO);
            r2 = swapped.blend(r2, MASK_TWO);
            swapped = r1.rearrange(SWAP_TWO);
            r1 = r1.blend(r3.rearrange(SWAP_TWO), MASK_TWO);
            r3 = swapped.blend(r3, MASK_TWO);
            swapped = r4.rearrange(SWAP_TWO);
            r4 = r4.blend(r6.rearrange(SWAP_TWO), MASK_TWO);
            r6 = swapped.blend(r6, MASK_TWO);
            swapped = r5.rearrange(SWAP_TWO);
            r5 = r5.blend(r7.rearrange(SWAP_TWO), MASK_TWO);
            r7 = swapped.blend(r7, MASK_TWO);
            swapped = r0.rearrange(SWAP_ONE);
            r0 = r0.blend(r1.rearrange(SWAP_ONE), MASK_ONE);
            r1 = swapped.blend(r1, MASK_ONE);
            swapped = r2.rearrange(SWAP_ONE);
            r2 = r2.blend(r3.rearrange(SWAP_ONE), MASK_ONE);
            r3 = swapped.blend(r3, MASK_ONE);
            swapped = r4.rearrange(SWAP_ONE);
            r4 = r4.blend(r5.rearrange(SWAP_ONE), MASK_ONE);
            r5 = swapped.blend(r5, MASK_ONE);
            swapped = r6.rearrange(SWAP_ONE);
            r6 = r6.blend(r7.rearrange(SWAP_ONE), MASK_ONE);
            r7 = swapped.blend(r7, MASK_ONE);
            r0.intoMemorySegment(ALL, panel, LITTLE_ENDIAN);
            r1.intoMemorySegment(ALL, panel + step, LITTLE_ENDIAN);
            r2.intoMemorySegment(ALL, panel + 2 * step, LITTLE_ENDIAN);
            r3.intoMemorySegment(ALL, panel + 3 * step, LITTLE_ENDIAN);
            r4.intoMemorySegment(ALL, panel + 4 * step, LITTLE_ENDIAN);
            r5.intoMemorySegment(ALL, panel + 5 * step, LITTLE_ENDIAN);
            r6.intoMemorySegment(ALL, panel + 6 * step, LITTLE_ENDIAN);
            r7.intoMemorySegment(ALL, panel + 7 * step, LITTLE_ENDIAN);
            source += 4 * SIZE;
            panel += SIZE * step;
        }
    }

    /** The same for rows of BF16, widened to f32. */
    static void shorts(long source, long stride, int columns, long panel, long step) {
        FloatVector swapped;
        for (int p = 0; p < columns; p += SIZE) {
            FloatVector r0 = widened(source);
            FloatVector r1 = widened(source + stride);
            FloatVector r2 = widened(source + 2 * stride);
            FloatVector r3 = widened(source + 3 * stride);
            FloatVector r4 = widened(source + 4 * stride);
            FloatVector r5 = widened(source + 5 * stride);
            FloatVector r6 = widened(source + 6 * stride);
            FloatVector r7 = widened(source + 7 * stride);
            swapped = r0.rearrange(SWAP_FOUR);
            r0 = r0.blend(r4.rearrange(SWAP_FOUR), MASK_FOUR);
            r4 = swapped.blend(r4, MASK_FOUR);
            swapped = r1.rearrange(SWAP_FOUR);
            r1 = r1.blend(r5.rearrange(SWAP_FOUR), MASK_FOUR);
            r5 = swapped.blend(r5, MASK_FOUR);
            swapped = r2.rearrange(SWAP_FOUR);
            r2 = r2.blend(r6.rearrange(SWAP_FOUR), MASK_FOUR);
            r6 = swapped.blend(r6, MASK_FOUR);
            swapped = r3.rearrange(SWAP_FOUR);
            r3 = r3.blend(r7.rearrange(SWAP_FOUR), MASK_FOUR);
            r7 = swapped.blend(r7, MASK_FOUR);
            swapped = r0.rearrange(SWAP_TWO);
            r0 = r0.blend(r2.rearrange(SWAP_TWO), MASK_TWO);
            r2 = swapped.blend(r2, MASK_TWO);
            swapped = r1.rearrange(SWAP_TWO);
            r1 = r1.blend(r3.rearrange(SWAP_TWO), MASK_TWO);
            r3 = swapped.blend(r3, MASK_TWO);
            swapped = r4.rearrange(SWAP_TWO);
            r4 = r4.blend(r6.rearrange(SWAP_TWO), MASK_TWO);
            r6 = swapped.blend(r6, MASK_TWO);
            swapped = r5.rearrange(SWAP_TWO);
            r5 = r5.blend(r7.rearrange(SWAP_TWO), MASK_TWO);
            r7 = swapped.blend(r7, MASK_TWO);
            swapped = r0.rearrange(SWAP_ONE);
            r0 = r0.blend(r1.rearrange(SWAP_ONE), MASK_ONE);
            r1 = swapped.blend(r1, MASK_ONE);
            swapped = r2.rearrange(SWAP_ONE);
            r2 = r2.blend(r3.rearrange(SWAP_ONE), MASK_ONE);
            r3 = swapped.blend(r3, MASK_ONE);
            swapped = r4.rearrange(SWAP_ONE);
            r4 = r4.blend(r5.rearrange(SWAP_ONE), MASK_ONE);
            r5 = swapped.blend(r5, MASK_ONE);
            swapped = r6.rearrange(SWAP_ONE);
            r6 = r6.blend(r7.rearrange(SWAP_ONE), MASK_ONE);
            r7 = swapped.blend(r7, MASK_ONE);
            r0.intoMemorySegment(ALL, panel, LITTLE_ENDIAN);
            r1.intoMemorySegment(ALL, panel + step, LITTLE_ENDIAN);
            r2.intoMemorySegment(ALL, panel + 2 * step, LITTLE_ENDIAN);
            r3.intoMemorySegment(ALL, panel + 3 * step, LITTLE_ENDIAN);
            r4.intoMemorySegment(ALL, panel + 4 * step, LITTLE_ENDIAN);
            r5.intoMemorySegment(ALL, panel + 5 * step, LITTLE_ENDIAN);
            r6.intoMemorySegment(ALL, panel + 6 * step, LITTLE_ENDIAN);
            r7.intoMemorySegment(ALL, panel + 7 * step, LITTLE_ENDIAN);
            source += 2 * SIZE;
            panel += SIZE * step;
        }
    }
}
