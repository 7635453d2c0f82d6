package dev.braid.tensor.recurrence;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;
import static dev.braid.tensor.attention.Lanes.get;
import static dev.braid.tensor.attention.Lanes.set;

import dev.braid.tensor.kernels.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Loops over the elements of packed f32 tiles. Addresses are absolute; counts are multiples of a vector. */
final class TileMath {
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
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            VectorMath.exp(left.sub(right)).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out = e^(x - y)} with one number x. */
    static void expDifference(float x, long y, long out, long count) {
        FloatVector left = FloatVector.broadcast(FLOATS, x);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            VectorMath.exp(left.sub(right)).intoMemorySegment(ALL, out + at, ORDER);
        }
    }

    /** {@code out = e^(x - y)} with one number x; both have a rest, {@code x + xRest} and {@code y + yRest}. */
    static void expDifference(float x, float xRest, long y, long yRest, long out, long count) {
        FloatVector left = FloatVector.broadcast(FLOATS, x);
        FloatVector leftRest = FloatVector.broadcast(FLOATS, xRest);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector rest = leftRest.sub(FloatVector.fromMemorySegment(FLOATS, ALL, yRest + at, ORDER));
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            VectorMath.exp(left.sub(right).add(rest)).intoMemorySegment(ALL, out + at, ORDER);
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

    /**
     * {@code sum x y}.
     *
     * @param lanes scratch of a vector
     */
    static float dot(long x, long y, long count, long lanes) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            sum = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER).fma(right, sum);
        }
        return total(sum, lanes);
    }

    /** {@code sum x y e^(g - h)}. */
    static float decayedDot(long x, long y, long g, long h, long count, long lanes) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            FloatVector upper = FloatVector.fromMemorySegment(FLOATS, ALL, g + at, ORDER);
            FloatVector decay = VectorMath.exp(upper.sub(FloatVector.fromMemorySegment(FLOATS, ALL, h + at, ORDER)));
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, y + at, ORDER);
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
            sum = left.mul(right).fma(decay, sum);
        }
        return total(sum, lanes);
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
    static float sum(long x, long count, long lanes) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (long at = 0; at < 4 * count; at += 4L * LANES) {
            sum = sum.add(FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER));
        }
        return total(sum, lanes);
    }

    /** Pairs of lanes, then those of pairs: an order of its own, as {@code reduceLanes} promises none. */
    private static float total(FloatVector sum, long lanes) {
        sum.intoMemorySegment(ALL, lanes, ORDER);
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                set(lanes + 4L * lane, get(lanes + 4L * lane) + get(lanes + 4L * (lane + half)));
            }
        }
        return get(lanes);
    }
}
