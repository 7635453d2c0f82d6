package dev.braid.tensor.matmul;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.Species;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Packs operands into panels of f32 {@code [k, width]}, {@code width} being 8 for A and two vectors for B, so that the
 * micro-kernel reads memory in order. What lies outside of the matrix becomes zero.
 */
final class Panels {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final long LOW = 0xFFFF_FFFFL;

    private Panels() {}

    /**
     * Packs one panel.
     *
     * @param alongK whether neighbours in memory are neighbours along k (else across the panel)
     * @param source address of the first element of the panel
     * @param stride elements between rows in memory
     * @param valid columns of the panel that exist: 1 until {@code width}
     */
    static void pack(DType dtype, boolean alongK, long source, long stride, int k, int valid, int width, long panel) {
        if (valid < width) {
            ALL.asSlice(panel, 4L * k * width).fill((byte) 0);
        }
        boolean wide = dtype == DType.F32;
        if (!alongK && valid == width) {
            copyFullRows(wide, source, stride, k, width, panel);
        } else if (!alongK) {
            copyRows(wide, source, stride, k, valid, width, panel);
        } else {
            transpose(dtype, source, stride, k, valid, width, panel);
        }
    }

    /** Blocks in registers as far as there are whole ones, then what is left below them and to their right. */
    private static void transpose(DType dtype, long source, long stride, int k, int valid, int width, long panel) {
        int size = Transposition.SIZE;
        int wholeRows = Species.LANES >= size ? valid / size * size : 0;
        int wholeSteps = k / size * size;
        int bytes = dtype.bytes();
        for (int j = 0; j < wholeRows; j += size) {
            long rows = source + j * stride * bytes;
            if (dtype == DType.F32) {
                Transposition.floats(rows, stride * bytes, wholeSteps, panel + 4L * j, 4L * width);
            } else {
                Transposition.shorts(rows, stride * bytes, wholeSteps, panel + 4L * j, 4L * width);
            }
        }
        if (wholeRows > 0 && wholeSteps < k) {
            long right = source + (long) wholeSteps * bytes;
            transposeByPairs(dtype, right, stride, k - wholeSteps, wholeRows, width, panel + 4L * wholeSteps * width);
        }
        if (wholeRows < valid) {
            long below = source + wholeRows * stride * bytes;
            transposeByPairs(dtype, below, stride, k, valid - wholeRows, width, panel + 4L * wholeRows);
        }
    }

    private static void transposeByPairs(
            DType dtype, long source, long stride, int k, int valid, int width, long panel) {
        if (dtype == DType.F32) {
            transposeFloats(source, stride, k, valid, width, panel);
        } else {
            transposeShorts(source, stride, k, valid, width, panel);
        }
    }

    private static void copyFullRows(boolean wide, long source, long stride, int k, int width, long panel) {
        if (width == MicroKernel.ROWS && wide) {
            copyEightFloats(source, 4 * stride, k, panel);
        } else if (width == MicroKernel.ROWS) {
            widenEightShorts(source, 2 * stride, k, panel);
        } else if (wide) {
            copyTwoVectors(source, 4 * stride, k, panel);
        } else {
            widenTwoVectors(source, 2 * stride, k, panel);
        }
    }

    /** Eight floats may be half a vector; four longs serve every width. */
    private static void copyEightFloats(long source, long step, int k, long panel) {
        for (int p = 0; p < k; p++) {
            ALL.set(LONG, panel, ALL.get(LONG, source));
            ALL.set(LONG, panel + 8, ALL.get(LONG, source + 8));
            ALL.set(LONG, panel + 16, ALL.get(LONG, source + 16));
            ALL.set(LONG, panel + 24, ALL.get(LONG, source + 24));
            source += step;
            panel += 4L * MicroKernel.ROWS;
        }
    }

    private static void widenEightShorts(long source, long step, int k, long panel) {
        for (int p = 0; p < k; p++) {
            long x = ALL.get(LONG, source);
            long y = ALL.get(LONG, source + 8);
            ALL.set(LONG, panel, (x & 0xFFFFL) << 16 | (x & 0xFFFF_0000L) << 32);
            ALL.set(LONG, panel + 8, x >>> 16 & 0xFFFF_0000L | x & 0xFFFF_0000_0000_0000L);
            ALL.set(LONG, panel + 16, (y & 0xFFFFL) << 16 | (y & 0xFFFF_0000L) << 32);
            ALL.set(LONG, panel + 24, y >>> 16 & 0xFFFF_0000L | y & 0xFFFF_0000_0000_0000L);
            source += step;
            panel += 4L * MicroKernel.ROWS;
        }
    }

    private static void copyTwoVectors(long source, long step, int k, long panel) {
        long vector = 4L * Species.LANES;
        for (int p = 0; p < k; p++) {
            Rows.floats(source).intoMemorySegment(ALL, panel, LITTLE_ENDIAN);
            Rows.floats(source + vector).intoMemorySegment(ALL, panel + vector, LITTLE_ENDIAN);
            source += step;
            panel += 2 * vector;
        }
    }

    private static void widenTwoVectors(long source, long step, int k, long panel) {
        long vector = 4L * Species.LANES;
        for (int p = 0; p < k; p++) {
            Rows.widened(source).intoMemorySegment(ALL, panel, LITTLE_ENDIAN);
            Rows.widened(source + vector / 2).intoMemorySegment(ALL, panel + vector, LITTLE_ENDIAN);
            source += step;
            panel += 2 * vector;
        }
    }

    private static void copyRows(boolean wide, long source, long stride, int k, int valid, int width, long panel) {
        if (wide) {
            for (int p = 0; p < k; p++) {
                Rows.copy(source + 4 * p * stride, panel + 4L * p * width, valid);
            }
        } else {
            for (int p = 0; p < k; p++) {
                Rows.widen(source + 2 * p * stride, panel + 4L * p * width, valid);
            }
        }
    }

    /** Two rows at a time, two of k at a time: half the loads and stores of element by element. */
    private static void transposeFloats(long source, long stride, int k, int valid, int width, long panel) {
        long step = 4L * width;
        int j = 0;
        for (; j + 1 < valid; j += 2) {
            long first = source + 4 * j * stride;
            long second = first + 4 * stride;
            long out = panel + 4L * j;
            int p = 0;
            for (; p + 1 < k; p += 2) {
                long x = ALL.get(LONG, first + 4L * p);
                long y = ALL.get(LONG, second + 4L * p);
                ALL.set(LONG, out, (x & LOW) | (y << 32));
                ALL.set(LONG, out + step, (x >>> 32) | (y & ~LOW));
                out += 2 * step;
            }
            if (p < k) {
                ALL.set(FLOAT, out, ALL.get(FLOAT, first + 4L * p));
                ALL.set(FLOAT, out + 4, ALL.get(FLOAT, second + 4L * p));
            }
        }
        if (j < valid) {
            for (int p = 0; p < k; p++) {
                ALL.set(FLOAT, panel + 4L * j + p * step, ALL.get(FLOAT, source + 4 * (j * stride + p)));
            }
        }
    }

    /** Two rows at a time, four of k at a time, widened by shifting. */
    private static void transposeShorts(long source, long stride, int k, int valid, int width, long panel) {
        long step = 4L * width;
        int j = 0;
        for (; j + 1 < valid; j += 2) {
            long first = source + 2 * j * stride;
            long second = first + 2 * stride;
            long out = panel + 4L * j;
            int p = 0;
            for (; p + 3 < k; p += 4) {
                long x = ALL.get(LONG, first + 2L * p);
                long y = ALL.get(LONG, second + 2L * p);
                ALL.set(LONG, out, ((x & 0xFFFFL) << 16) | (y << 48));
                ALL.set(LONG, out + step, (x & 0xFFFF_0000L) | ((y & 0xFFFF_0000L) << 32));
                ALL.set(LONG, out + 2 * step, ((x >>> 16) & 0xFFFF_0000L) | ((y << 16) & 0xFFFF_0000_0000_0000L));
                ALL.set(LONG, out + 3 * step, ((x >>> 32) & 0xFFFF_0000L) | (y & 0xFFFF_0000_0000_0000L));
                out += 4 * step;
            }
            for (; p < k; p++) {
                ALL.set(FLOAT, out, DType.fromBf16(ALL.get(SHORT, first + 2L * p)));
                ALL.set(FLOAT, out + 4, DType.fromBf16(ALL.get(SHORT, second + 2L * p)));
                out += step;
            }
        }
        if (j < valid) {
            for (int p = 0; p < k; p++) {
                float value = DType.fromBf16(ALL.get(SHORT, source + 2 * (j * stride + p)));
                ALL.set(FLOAT, panel + 4L * j + p * step, value);
            }
        }
    }
}
