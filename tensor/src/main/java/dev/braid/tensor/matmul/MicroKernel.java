package dev.braid.tensor.matmul;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.braid.tensor.kernels.Species;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of {@link VectorEngine}: {@code out [8 or 4, WIDTH] += a [k, 8] b [k, WIDTH]} in packed panels of
 * f32. The calls look repetitive on purpose: behind helper methods the compiler reaches its limit of nodes, stops inlining and
 * boxes the vectors, which is ten times slower. An element is a chain of fused multiply-adds in the order of k, whatever the kernel: both give the same bits.
 */
final class MicroKernel {
    /** Rows of a panel of A. */
    static final int ROWS = 8;
    /** Columns of a panel of B: two vectors. */
    static final int WIDTH = 2 * Species.LANES;

    private static final VectorSpecies<Float> FLOATS = Species.FLOAT;
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final long VECTOR = 4L * Species.LANES;
    private static final long PANEL_ROW = 4L * WIDTH;
    private static final long PANEL_COLUMN = 4L * ROWS;

    private MicroKernel() {}

    /** Zeros for a tile of sums: eight rows. */
    static void clear(long out) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (long at = out; at < out + ROWS * PANEL_ROW; at += VECTOR) {
            zero.intoMemorySegment(ALL, at, LITTLE_ENDIAN);
        }
    }

    /** Eight rows. {@code out} is dense: rows of {@link #WIDTH}. */
    static void eight(long a, long b, int k, long out) {
        FloatVector c00 = FloatVector.fromMemorySegment(FLOATS, ALL, out, LITTLE_ENDIAN);
        FloatVector c01 = FloatVector.fromMemorySegment(FLOATS, ALL, out + VECTOR, LITTLE_ENDIAN);
        FloatVector c10 = FloatVector.fromMemorySegment(FLOATS, ALL, out + PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c11 = FloatVector.fromMemorySegment(FLOATS, ALL, out + PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c20 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 2 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c21 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 2 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c30 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 3 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c31 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 3 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c40 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 4 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c41 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 4 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c50 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 5 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c51 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 5 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c60 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 6 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c61 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 6 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c70 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 7 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c71 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 7 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, LITTLE_ENDIAN);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + VECTOR, LITTLE_ENDIAN);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 4));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 8));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 12));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 16));
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 20));
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 24));
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 28));
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
            a += PANEL_COLUMN;
            b += PANEL_ROW;
        }
        c00.intoMemorySegment(ALL, out, LITTLE_ENDIAN);
        c01.intoMemorySegment(ALL, out + VECTOR, LITTLE_ENDIAN);
        c10.intoMemorySegment(ALL, out + PANEL_ROW, LITTLE_ENDIAN);
        c11.intoMemorySegment(ALL, out + PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c20.intoMemorySegment(ALL, out + 2 * PANEL_ROW, LITTLE_ENDIAN);
        c21.intoMemorySegment(ALL, out + 2 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c30.intoMemorySegment(ALL, out + 3 * PANEL_ROW, LITTLE_ENDIAN);
        c31.intoMemorySegment(ALL, out + 3 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c40.intoMemorySegment(ALL, out + 4 * PANEL_ROW, LITTLE_ENDIAN);
        c41.intoMemorySegment(ALL, out + 4 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c50.intoMemorySegment(ALL, out + 5 * PANEL_ROW, LITTLE_ENDIAN);
        c51.intoMemorySegment(ALL, out + 5 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c60.intoMemorySegment(ALL, out + 6 * PANEL_ROW, LITTLE_ENDIAN);
        c61.intoMemorySegment(ALL, out + 6 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c70.intoMemorySegment(ALL, out + 7 * PANEL_ROW, LITTLE_ENDIAN);
        c71.intoMemorySegment(ALL, out + 7 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
    }

    /** The first four rows of a panel of A: for its last rows, and for processors with 16 vector registers. */
    static void four(long a, long b, int k, long out) {
        FloatVector c00 = FloatVector.fromMemorySegment(FLOATS, ALL, out, LITTLE_ENDIAN);
        FloatVector c01 = FloatVector.fromMemorySegment(FLOATS, ALL, out + VECTOR, LITTLE_ENDIAN);
        FloatVector c10 = FloatVector.fromMemorySegment(FLOATS, ALL, out + PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c11 = FloatVector.fromMemorySegment(FLOATS, ALL, out + PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c20 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 2 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c21 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 2 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        FloatVector c30 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 3 * PANEL_ROW, LITTLE_ENDIAN);
        FloatVector c31 = FloatVector.fromMemorySegment(FLOATS, ALL, out + 3 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, LITTLE_ENDIAN);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + VECTOR, LITTLE_ENDIAN);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 4));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 8));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + 12));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            a += PANEL_COLUMN;
            b += PANEL_ROW;
        }
        c00.intoMemorySegment(ALL, out, LITTLE_ENDIAN);
        c01.intoMemorySegment(ALL, out + VECTOR, LITTLE_ENDIAN);
        c10.intoMemorySegment(ALL, out + PANEL_ROW, LITTLE_ENDIAN);
        c11.intoMemorySegment(ALL, out + PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c20.intoMemorySegment(ALL, out + 2 * PANEL_ROW, LITTLE_ENDIAN);
        c21.intoMemorySegment(ALL, out + 2 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
        c30.intoMemorySegment(ALL, out + 3 * PANEL_ROW, LITTLE_ENDIAN);
        c31.intoMemorySegment(ALL, out + 3 * PANEL_ROW + VECTOR, LITTLE_ENDIAN);
    }
}
