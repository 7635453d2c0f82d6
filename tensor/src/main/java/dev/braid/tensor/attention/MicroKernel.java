package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOAT;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;
import static dev.braid.tensor.attention.Lanes.PANEL;

import jdk.incubator.vector.FloatVector;

/**
 * The products of attention: {@code C = D + A B} of packed tiles, by register blocks of four rows by four or two vectors.
 * Each element of {@code A B} is one chain of fused multiply-adds in the order of depth, added to D at its end, so results
 * do not depend on how rows and columns are cut into blocks.
 *
 * <p>The blocks call the Vector API directly: a helper method around a load or a store is no longer inlined once a method
 * has grown this large, its vector is then an object on the heap, and the kernel runs at a third of its speed.
 */
public final class MicroKernel {
    /** Rows of a block: the rows of A and C are a multiple of it. */
    public static final int ROWS = 4;

    /** Floats of the widest row that a block reads: the length of a row of zeros that can be given as D. */
    public static final int ZEROS = 4 * LANES;

    /** 16 accumulators want 32 registers, which only processors of the widest vectors surely have. */
    private static final boolean WIDE = LANES >= 16;

    private static final long VECTOR = 4L * LANES;

    private MicroKernel() {}

    /**
     * {@code C [rows, columns] = A [rows, depth] B [depth, columns]}; arguments as those of {@link #add}.
     *
     * @param zeros {@link #ZEROS} floats of zero
     */
    public static void multiply(
            long a,
            long aRow,
            long aDepth,
            long b,
            long bDepth,
            int depth,
            long zeros,
            long c,
            long cRow,
            int rows,
            int columns) {
        for (int column = 0; column < columns; ) {
            boolean four = WIDE && columns - column >= 2 * PANEL;
            long at = 4L * column;
            for (int row = 0; row < rows; row += ROWS) {
                long left = a + row * aRow;
                long target = c + row * cRow + at;
                if (four) {
                    fourVectors(left, aRow, aDepth, b + at, bDepth, depth, zeros, 0, target, cRow);
                } else {
                    twoVectors(left, aRow, aDepth, b + at, bDepth, depth, zeros, 0, target, cRow);
                }
            }
            column += four ? 2 * PANEL : PANEL;
        }
    }

    /**
     * {@code C [rows, columns] += A [rows, depth] B [depth, columns]}. All strides are in bytes.
     *
     * @param a element (row, i) is at {@code a + row * aRow + i * aDepth}
     * @param b element (i, column) is at {@code b + i * bDepth + 4 * column}
     * @param c element (row, column) is at {@code c + row * cRow + 4 * column}
     * @param rows a multiple of {@link #ROWS}
     * @param columns a multiple of {@link Lanes#PANEL}
     */
    public static void add(
            long a, long aRow, long aDepth, long b, long bDepth, int depth, long c, long cRow, int rows, int columns) {
        for (int column = 0; column < columns; ) {
            boolean four = WIDE && columns - column >= 2 * PANEL;
            long at = 4L * column;
            for (int row = 0; row < rows; row += ROWS) {
                long left = a + row * aRow;
                long target = c + row * cRow + at;
                if (four) {
                    fourVectors(left, aRow, aDepth, b + at, bDepth, depth, target, cRow, target, cRow);
                } else {
                    twoVectors(left, aRow, aDepth, b + at, bDepth, depth, target, cRow, target, cRow);
                }
            }
            column += four ? 2 * PANEL : PANEL;
        }
    }

    private static void fourVectors(
            long a, long aRow, long aDepth, long b, long bDepth, int depth, long d, long dRow, long c, long cRow) {
        FloatVector sum00 = FloatVector.zero(FLOATS);
        FloatVector sum01 = FloatVector.zero(FLOATS);
        FloatVector sum02 = FloatVector.zero(FLOATS);
        FloatVector sum03 = FloatVector.zero(FLOATS);
        FloatVector sum10 = FloatVector.zero(FLOATS);
        FloatVector sum11 = FloatVector.zero(FLOATS);
        FloatVector sum12 = FloatVector.zero(FLOATS);
        FloatVector sum13 = FloatVector.zero(FLOATS);
        FloatVector sum20 = FloatVector.zero(FLOATS);
        FloatVector sum21 = FloatVector.zero(FLOATS);
        FloatVector sum22 = FloatVector.zero(FLOATS);
        FloatVector sum23 = FloatVector.zero(FLOATS);
        FloatVector sum30 = FloatVector.zero(FLOATS);
        FloatVector sum31 = FloatVector.zero(FLOATS);
        FloatVector sum32 = FloatVector.zero(FLOATS);
        FloatVector sum33 = FloatVector.zero(FLOATS);
        long thrice = 3 * aRow;
        for (int i = 0; i < depth; i++) {
            FloatVector right0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector right1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + VECTOR, ORDER);
            FloatVector right2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * VECTOR, ORDER);
            FloatVector right3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * VECTOR, ORDER);
            FloatVector left0 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            sum00 = left0.fma(right0, sum00);
            sum01 = left0.fma(right1, sum01);
            sum02 = left0.fma(right2, sum02);
            sum03 = left0.fma(right3, sum03);
            FloatVector left1 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + aRow));
            sum10 = left1.fma(right0, sum10);
            sum11 = left1.fma(right1, sum11);
            sum12 = left1.fma(right2, sum12);
            sum13 = left1.fma(right3, sum13);
            FloatVector left2 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 2 * aRow));
            sum20 = left2.fma(right0, sum20);
            sum21 = left2.fma(right1, sum21);
            sum22 = left2.fma(right2, sum22);
            sum23 = left2.fma(right3, sum23);
            FloatVector left3 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + thrice));
            sum30 = left3.fma(right0, sum30);
            sum31 = left3.fma(right1, sum31);
            sum32 = left3.fma(right2, sum32);
            sum33 = left3.fma(right3, sum33);
            a += aDepth;
            b += bDepth;
        }
        sum00.add(FloatVector.fromMemorySegment(FLOATS, ALL, d, ORDER)).intoMemorySegment(ALL, c, ORDER);
        sum01.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + VECTOR, ORDER);
        sum02.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 2 * VECTOR, ORDER);
        sum03.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 3 * VECTOR, ORDER);
        sum10.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + dRow, ORDER)).intoMemorySegment(ALL, c + cRow, ORDER);
        sum11.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + dRow + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + cRow + VECTOR, ORDER);
        sum12.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + dRow + 2 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + cRow + 2 * VECTOR, ORDER);
        sum13.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + dRow + 3 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + cRow + 3 * VECTOR, ORDER);
        sum20.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * dRow, ORDER))
                .intoMemorySegment(ALL, c + 2 * cRow, ORDER);
        sum21.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * dRow + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 2 * cRow + VECTOR, ORDER);
        sum22.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * dRow + 2 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 2 * cRow + 2 * VECTOR, ORDER);
        sum23.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * dRow + 3 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 2 * cRow + 3 * VECTOR, ORDER);
        sum30.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * dRow, ORDER))
                .intoMemorySegment(ALL, c + 3 * cRow, ORDER);
        sum31.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * dRow + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 3 * cRow + VECTOR, ORDER);
        sum32.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * dRow + 2 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 3 * cRow + 2 * VECTOR, ORDER);
        sum33.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * dRow + 3 * VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 3 * cRow + 3 * VECTOR, ORDER);
    }

    private static void twoVectors(
            long a, long aRow, long aDepth, long b, long bDepth, int depth, long d, long dRow, long c, long cRow) {
        FloatVector sum00 = FloatVector.zero(FLOATS);
        FloatVector sum01 = FloatVector.zero(FLOATS);
        FloatVector sum10 = FloatVector.zero(FLOATS);
        FloatVector sum11 = FloatVector.zero(FLOATS);
        FloatVector sum20 = FloatVector.zero(FLOATS);
        FloatVector sum21 = FloatVector.zero(FLOATS);
        FloatVector sum30 = FloatVector.zero(FLOATS);
        FloatVector sum31 = FloatVector.zero(FLOATS);
        long thrice = 3 * aRow;
        for (int i = 0; i < depth; i++) {
            FloatVector right0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector right1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + VECTOR, ORDER);
            FloatVector left0 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            sum00 = left0.fma(right0, sum00);
            sum01 = left0.fma(right1, sum01);
            FloatVector left1 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + aRow));
            sum10 = left1.fma(right0, sum10);
            sum11 = left1.fma(right1, sum11);
            FloatVector left2 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 2 * aRow));
            sum20 = left2.fma(right0, sum20);
            sum21 = left2.fma(right1, sum21);
            FloatVector left3 = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + thrice));
            sum30 = left3.fma(right0, sum30);
            sum31 = left3.fma(right1, sum31);
            a += aDepth;
            b += bDepth;
        }
        sum00.add(FloatVector.fromMemorySegment(FLOATS, ALL, d, ORDER)).intoMemorySegment(ALL, c, ORDER);
        sum01.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + VECTOR, ORDER);
        sum10.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + dRow, ORDER)).intoMemorySegment(ALL, c + cRow, ORDER);
        sum11.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + dRow + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + cRow + VECTOR, ORDER);
        sum20.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * dRow, ORDER))
                .intoMemorySegment(ALL, c + 2 * cRow, ORDER);
        sum21.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 2 * dRow + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 2 * cRow + VECTOR, ORDER);
        sum30.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * dRow, ORDER))
                .intoMemorySegment(ALL, c + 3 * cRow, ORDER);
        sum31.add(FloatVector.fromMemorySegment(FLOATS, ALL, d + 3 * dRow + VECTOR, ORDER))
                .intoMemorySegment(ALL, c + 3 * cRow + VECTOR, ORDER);
    }
}
