package dev.braid.tensor.matmul;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of {@link VectorEngine}: {@code out [8 or 4, WIDTH] (+)= a [k, 8] b [k, WIDTH]} in packed panels of
 * f32. An element is a chain of fused multiply-adds in the order of k, whatever the kernel: both give the same bits.
 */
final class MicroKernel {
    /** Rows of a panel of A. */
    static final int ROWS = 8;
    /** Columns of a panel of B: two vectors. */
    static final int WIDTH = 2 * Lanes.COUNT;

    private static final VectorSpecies<Float> FLOATS = Lanes.FLOATS;
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final long VECTOR = 4L * Lanes.COUNT;
    private static final long PANEL_ROW = 4L * WIDTH;
    private static final long PANEL_COLUMN = 4L * ROWS;

    private MicroKernel() {}

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, ALL, address, LITTLE_ENDIAN);
    }

    private static FloatVector scalar(long address) {
        return FloatVector.broadcast(FLOATS, ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address));
    }

    private static FloatVector start(boolean add, long address) {
        return add ? load(address) : FloatVector.zero(FLOATS);
    }

    private static void save(FloatVector vector, long address) {
        vector.intoMemorySegment(ALL, address, LITTLE_ENDIAN);
    }

    /** Eight rows. {@code out} is dense: rows of {@link #WIDTH}. {@code add}: continue the sums that are there. */
    static void eight(long a, long b, int k, long out, boolean add) {
        FloatVector c00 = start(add, out);
        FloatVector c01 = start(add, out + VECTOR);
        FloatVector c10 = start(add, out + PANEL_ROW);
        FloatVector c11 = start(add, out + PANEL_ROW + VECTOR);
        FloatVector c20 = start(add, out + 2 * PANEL_ROW);
        FloatVector c21 = start(add, out + 2 * PANEL_ROW + VECTOR);
        FloatVector c30 = start(add, out + 3 * PANEL_ROW);
        FloatVector c31 = start(add, out + 3 * PANEL_ROW + VECTOR);
        FloatVector c40 = start(add, out + 4 * PANEL_ROW);
        FloatVector c41 = start(add, out + 4 * PANEL_ROW + VECTOR);
        FloatVector c50 = start(add, out + 5 * PANEL_ROW);
        FloatVector c51 = start(add, out + 5 * PANEL_ROW + VECTOR);
        FloatVector c60 = start(add, out + 6 * PANEL_ROW);
        FloatVector c61 = start(add, out + 6 * PANEL_ROW + VECTOR);
        FloatVector c70 = start(add, out + 7 * PANEL_ROW);
        FloatVector c71 = start(add, out + 7 * PANEL_ROW + VECTOR);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = load(b);
            FloatVector b1 = load(b + VECTOR);
            FloatVector x = scalar(a);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = scalar(a + 4);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = scalar(a + 8);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = scalar(a + 12);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = scalar(a + 16);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = scalar(a + 20);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = scalar(a + 24);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = scalar(a + 28);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
            a += PANEL_COLUMN;
            b += PANEL_ROW;
        }
        save(c00, out);
        save(c01, out + VECTOR);
        save(c10, out + PANEL_ROW);
        save(c11, out + PANEL_ROW + VECTOR);
        save(c20, out + 2 * PANEL_ROW);
        save(c21, out + 2 * PANEL_ROW + VECTOR);
        save(c30, out + 3 * PANEL_ROW);
        save(c31, out + 3 * PANEL_ROW + VECTOR);
        save(c40, out + 4 * PANEL_ROW);
        save(c41, out + 4 * PANEL_ROW + VECTOR);
        save(c50, out + 5 * PANEL_ROW);
        save(c51, out + 5 * PANEL_ROW + VECTOR);
        save(c60, out + 6 * PANEL_ROW);
        save(c61, out + 6 * PANEL_ROW + VECTOR);
        save(c70, out + 7 * PANEL_ROW);
        save(c71, out + 7 * PANEL_ROW + VECTOR);
    }

    /** The first four rows of a panel of A: for its last rows, and for processors with 16 vector registers. */
    static void four(long a, long b, int k, long out, boolean add) {
        FloatVector c00 = start(add, out);
        FloatVector c01 = start(add, out + VECTOR);
        FloatVector c10 = start(add, out + PANEL_ROW);
        FloatVector c11 = start(add, out + PANEL_ROW + VECTOR);
        FloatVector c20 = start(add, out + 2 * PANEL_ROW);
        FloatVector c21 = start(add, out + 2 * PANEL_ROW + VECTOR);
        FloatVector c30 = start(add, out + 3 * PANEL_ROW);
        FloatVector c31 = start(add, out + 3 * PANEL_ROW + VECTOR);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = load(b);
            FloatVector b1 = load(b + VECTOR);
            FloatVector x = scalar(a);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = scalar(a + 4);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = scalar(a + 8);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = scalar(a + 12);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            a += PANEL_COLUMN;
            b += PANEL_ROW;
        }
        save(c00, out);
        save(c01, out + VECTOR);
        save(c10, out + PANEL_ROW);
        save(c11, out + PANEL_ROW + VECTOR);
        save(c20, out + 2 * PANEL_ROW);
        save(c21, out + 2 * PANEL_ROW + VECTOR);
        save(c30, out + 3 * PANEL_ROW);
        save(c31, out + 3 * PANEL_ROW + VECTOR);
    }
}
