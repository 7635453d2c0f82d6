package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.PANEL;
import static dev.braid.tensor.attention.Lanes.get;
import static dev.braid.tensor.attention.Lanes.load;
import static dev.braid.tensor.attention.Lanes.store;

import jdk.incubator.vector.FloatVector;

/**
 * The products of attention: {@code C = A B} and {@code C += A B} of packed tiles, by register blocks of four rows by four
 * or two vectors. Each element of {@code A B} is one chain of fused multiply-adds in the order of depth, so results do not
 * depend on how rows and columns are cut into blocks.
 *
 * <p>The blocks never read C: a kernel that also loads C, or more rows in it, makes the compiler spill its accumulators
 * and runs at a fifth to a half of the speed. So {@code C += A B} goes through a scratch tile.
 */
final class MicroKernel {
    /** Rows of a block: the rows of A and C are a multiple of it. */
    static final int ROWS = 4;

    /** Floats of scratch that {@link #add} needs. */
    static final int SCRATCH = ROWS * 4 * LANES;

    /** 16 accumulators want 32 registers, which only processors of the widest vectors surely have. */
    private static final boolean WIDE = LANES >= 16;

    private static final long VECTOR = 4L * LANES;

    private MicroKernel() {}

    /**
     * {@code C [rows, columns] = A [rows, depth] B [depth, columns]}. All strides are in bytes.
     *
     * @param a element (row, i) is at {@code a + row * aRow + i * aDepth}
     * @param b element (i, column) is at {@code b + i * bDepth + 4 * column}
     * @param c element (row, column) is at {@code c + row * cRow + 4 * column}
     * @param rows a multiple of {@link #ROWS}
     * @param columns a multiple of {@link Lanes#PANEL}
     */
    static void multiply(
            long a, long aRow, long aDepth, long b, long bDepth, int depth, long c, long cRow, int rows, int columns) {
        int column = 0;
        while (column < columns) {
            boolean four = WIDE && columns - column >= 2 * PANEL;
            long at = 4L * column;
            for (int row = 0; row < rows; row += ROWS) {
                if (four) {
                    fourVectors(a + row * aRow, aRow, aDepth, b + at, bDepth, depth, c + row * cRow + at, cRow);
                } else {
                    twoVectors(a + row * aRow, aRow, aDepth, b + at, bDepth, depth, c + row * cRow + at, cRow);
                }
            }
            column += four ? 2 * PANEL : PANEL;
        }
    }

    /** {@code C += A B}, else as {@link #multiply}; {@code scratch} takes {@link #SCRATCH} floats. */
    static void add(
            long a,
            long aRow,
            long aDepth,
            long b,
            long bDepth,
            int depth,
            long c,
            long cRow,
            int rows,
            int columns,
            long scratch) {
        int column = 0;
        while (column < columns) {
            boolean four = WIDE && columns - column >= 2 * PANEL;
            long at = 4L * column;
            for (int row = 0; row < rows; row += ROWS) {
                long target = c + row * cRow + at;
                if (four) {
                    fourVectors(a + row * aRow, aRow, aDepth, b + at, bDepth, depth, scratch, 4 * VECTOR);
                    addFourVectors(scratch, target, cRow);
                } else {
                    twoVectors(a + row * aRow, aRow, aDepth, b + at, bDepth, depth, scratch, 2 * VECTOR);
                    addTwoVectors(scratch, target, cRow);
                }
            }
            column += four ? 2 * PANEL : PANEL;
        }
    }

    private static void addFourVectors(long source, long target, long targetRow) {
        for (int row = 0; row < ROWS; row++) {
            store(load(target).add(load(source)), target);
            store(load(target + VECTOR).add(load(source + VECTOR)), target + VECTOR);
            store(load(target + 2 * VECTOR).add(load(source + 2 * VECTOR)), target + 2 * VECTOR);
            store(load(target + 3 * VECTOR).add(load(source + 3 * VECTOR)), target + 3 * VECTOR);
            source += 4 * VECTOR;
            target += targetRow;
        }
    }

    private static void addTwoVectors(long source, long target, long targetRow) {
        for (int row = 0; row < ROWS; row++) {
            store(load(target).add(load(source)), target);
            store(load(target + VECTOR).add(load(source + VECTOR)), target + VECTOR);
            source += 2 * VECTOR;
            target += targetRow;
        }
    }

    private static void fourVectors(long a, long aRow, long aDepth, long b, long bDepth, int depth, long c, long cRow) {
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
            FloatVector right0 = load(b);
            FloatVector right1 = load(b + VECTOR);
            FloatVector right2 = load(b + 2 * VECTOR);
            FloatVector right3 = load(b + 3 * VECTOR);
            FloatVector left0 = FloatVector.broadcast(FLOATS, get(a));
            sum00 = left0.fma(right0, sum00);
            sum01 = left0.fma(right1, sum01);
            sum02 = left0.fma(right2, sum02);
            sum03 = left0.fma(right3, sum03);
            FloatVector left1 = FloatVector.broadcast(FLOATS, get(a + aRow));
            sum10 = left1.fma(right0, sum10);
            sum11 = left1.fma(right1, sum11);
            sum12 = left1.fma(right2, sum12);
            sum13 = left1.fma(right3, sum13);
            FloatVector left2 = FloatVector.broadcast(FLOATS, get(a + 2 * aRow));
            sum20 = left2.fma(right0, sum20);
            sum21 = left2.fma(right1, sum21);
            sum22 = left2.fma(right2, sum22);
            sum23 = left2.fma(right3, sum23);
            FloatVector left3 = FloatVector.broadcast(FLOATS, get(a + thrice));
            sum30 = left3.fma(right0, sum30);
            sum31 = left3.fma(right1, sum31);
            sum32 = left3.fma(right2, sum32);
            sum33 = left3.fma(right3, sum33);
            a += aDepth;
            b += bDepth;
        }
        store(sum00, c);
        store(sum01, c + VECTOR);
        store(sum02, c + 2 * VECTOR);
        store(sum03, c + 3 * VECTOR);
        store(sum10, c + cRow);
        store(sum11, c + cRow + VECTOR);
        store(sum12, c + cRow + 2 * VECTOR);
        store(sum13, c + cRow + 3 * VECTOR);
        store(sum20, c + 2 * cRow);
        store(sum21, c + 2 * cRow + VECTOR);
        store(sum22, c + 2 * cRow + 2 * VECTOR);
        store(sum23, c + 2 * cRow + 3 * VECTOR);
        store(sum30, c + 3 * cRow);
        store(sum31, c + 3 * cRow + VECTOR);
        store(sum32, c + 3 * cRow + 2 * VECTOR);
        store(sum33, c + 3 * cRow + 3 * VECTOR);
    }

    private static void twoVectors(long a, long aRow, long aDepth, long b, long bDepth, int depth, long c, long cRow) {
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
            FloatVector right0 = load(b);
            FloatVector right1 = load(b + VECTOR);
            FloatVector left0 = FloatVector.broadcast(FLOATS, get(a));
            sum00 = left0.fma(right0, sum00);
            sum01 = left0.fma(right1, sum01);
            FloatVector left1 = FloatVector.broadcast(FLOATS, get(a + aRow));
            sum10 = left1.fma(right0, sum10);
            sum11 = left1.fma(right1, sum11);
            FloatVector left2 = FloatVector.broadcast(FLOATS, get(a + 2 * aRow));
            sum20 = left2.fma(right0, sum20);
            sum21 = left2.fma(right1, sum21);
            FloatVector left3 = FloatVector.broadcast(FLOATS, get(a + thrice));
            sum30 = left3.fma(right0, sum30);
            sum31 = left3.fma(right1, sum31);
            a += aDepth;
            b += bDepth;
        }
        store(sum00, c);
        store(sum01, c + VECTOR);
        store(sum10, c + cRow);
        store(sum11, c + cRow + VECTOR);
        store(sum20, c + 2 * cRow);
        store(sum21, c + 2 * cRow + VECTOR);
        store(sum30, c + 3 * cRow);
        store(sum31, c + 3 * cRow + VECTOR);
    }
}
