package dev.braid.tensor.recurrence;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.kernels.OutOfLine;
import dev.braid.tensor.kernels.VectorMath;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Loops over the elements of packed f32 tiles. Addresses are absolute; counts are multiples of a vector. */
final class TileMath {
    private static final OutOfLine EXP_DIFFERENCE =
            OutOfLine.of(MethodHandles.lookup(), "rowDifference", long.class, long.class, long.class, long.class);
    private static final OutOfLine EXP_DIFFERENCE_OF_NUMBER =
            OutOfLine.of(MethodHandles.lookup(), "numberDifference", float.class, long.class, long.class, long.class);
    private static final OutOfLine EXP_DIFFERENCES = OutOfLine.of(
            MethodHandles.lookup(), "lowerDifferences", long.class, long.class, long.class, int.class, int.class);

    private TileMath() {}

    /** {@code out = x y}. */
    static void multiply(long x, long y, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            left.mul(right).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out += x y}. */
    static void multiplyAdd(long x, long y, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, out + at, ORDER);
            left.fma(right, sum).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out -= x y}. */
    static void multiplySubtract(long x, long y, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, out + at, ORDER);
            left.neg().fma(right, sum).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out += factor x}. */
    static void addScaled(float factor, long x, long out, long count) {
        FloatVector scale = FloatVector.broadcast(FLOATS, factor);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, out + at, ORDER);
            scale.fma(FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER), sum)
                    .intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out += factor x y}. */
    static void addScaledProduct(float factor, long x, long y, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left =
                    FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER).mul(factor);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, out + at, ORDER);
            left.fma(right, sum).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code x *= factor}. */
    static void scale(float factor, long x, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER)
                    .mul(factor)
                    .intoMemorySegment(ALL, x + at, ORDER);
        }
    }

    /** {@code x = max(x, lowest)}. */
    static void raise(float lowest, long x, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER)
                    .max(lowest)
                    .intoMemorySegment(ALL, x + at, ORDER);
        }
    }

    /** {@code out = x + y}. */
    static void add(long x, long y, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            left.add(right).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** Fills with one value. */
    static void fill(float value, long out, long count) {
        FloatVector values = FloatVector.broadcast(FLOATS, value);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            values.intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** Copies. */
    static void copy(long x, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out = e^(x - y)}. */
    static void expDifference(long x, long y, long out, long count) {
        EXP_DIFFERENCE.run(x, y, out, count);
    }

    private static void rowDifference(long x, long y, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            VectorMath.exp(left.sub(right)).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out = e^(x - y)} with one number x. */
    static void expDifference(float x, long y, long out, long count) {
        EXP_DIFFERENCE_OF_NUMBER.run(x, y, out, count);
    }

    private static void numberDifference(float x, long y, long out, long count) {
        FloatVector left = FloatVector.broadcast(FLOATS, x);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            VectorMath.exp(left.sub(right)).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /**
     * {@code out_ij = e^(x_i - x_(j+1))} for {@code j < i}, else 0: a row i from 0 up to {@code rows}. Both x have a rest, that is,
     * they are {@code x + rests}.
     */
    static void expDifferences(long x, long rests, long out, int rows, int columns) {
        EXP_DIFFERENCES.run(x, rests, out, rows, columns);
    }

    private static void lowerDifferences(long x, long rests, long out, int rows, int columns) {
        for (int row = 0; row <= rows; row++) {
            long to = out + 4L * row * columns;
            FloatVector left = FloatVector.broadcast(FLOATS, ALL.get(Lanes.FLOAT, x + 4L * row));
            FloatVector leftRest = FloatVector.broadcast(FLOATS, ALL.get(Lanes.FLOAT, rests + 4L * row));
            for (int column = 0; column < row; column += LANES) {
                long at = 4L * column;
                FloatVector rest = leftRest.sub(FloatVector.fromMemorySegment(FLOATS, ALL, rests + 4 + at, ORDER));
                FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, x + 4 + at, ORDER);
                VectorMath.exp(left.sub(right).add(rest)).intoMemorySegment(ALL, to + at, ORDER);
            }
            zeroFrom(row, to, columns);
        }
    }

    /** Sets the elements from {@code from} until {@code count} to zero. */
    static void zeroFrom(int from, long out, int count) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (int column = from / LANES * LANES; column < count; column += LANES) {
            VectorMask<Float> kept = FLOATS.indexInRange(column, from);
            long at = out + 4L * column;
            zero.blend(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER), kept)
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    /** {@code sum x y}. */
    static float dot(long x, long y, long count) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            sum = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER).fma(right, sum);
        }
        return VectorMath.sum(sum);
    }

    /** {@code sum x y e^(g - h)}. */
    static float decayedDot(long x, long y, long g, long h, long count) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector upper = FloatVector.fromMemorySegment(FLOATS, ALL, g + at, ORDER);
            FloatVector decay = VectorMath.exp(upper.sub(FloatVector.fromMemorySegment(FLOATS, ALL, h + at, ORDER)));
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            sum = left.mul(right).fma(decay, sum);
        }
        return VectorMath.sum(sum);
    }

    /** {@code out += factor x e^(g - h)}. */
    static void addDecayed(float factor, long x, long g, long h, long out, long count) {
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector upper = FloatVector.fromMemorySegment(FLOATS, ALL, g + at, ORDER);
            FloatVector decay = VectorMath.exp(upper.sub(FloatVector.fromMemorySegment(FLOATS, ALL, h + at, ORDER)));
            FloatVector left =
                    FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER).mul(factor);
            FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, out + at, ORDER);
            left.fma(decay, sum).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** Sum of the elements. */
    static float sum(long x, long count) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            sum = sum.add(FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER));
        }
        return VectorMath.sum(sum);
    }
}
