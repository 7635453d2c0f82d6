package dev.braid.tensor.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Functions on vectors of {@link Species#FLOAT}. Each lane goes through operations that round as IEEE 754 says, and the
 * scalar twin goes through the same, so a value's result depends neither on its lane nor on the vector width.
 */
public final class VectorMath {
    private static final float LOWEST = -104f;
    private static final float HIGHEST = 89f;
    private static final float LOG2_E = 1.44269504f;
    /** Adding it to a small number rounds that to an integer, which the low bits of the sum then hold. */
    private static final float ROUND = 0x1.8p23f;
    /** ln 2 in two parts; the first has zeros at its end, so that its product with a small integer is exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = -2.12194440e-4f;
    // e^r = 1 + r + r^2 (C2 + C3 r + ...) on |r| <= ln 2 / 2, the least relative error for this degree (Remez): 3.1e-9.
    private static final float C2 = 4.9999993448e-01f;
    private static final float C3 = 1.6666520632e-01f;
    private static final float C4 = 4.1668388045e-02f;
    private static final float C5 = 8.3687168797e-03f;
    private static final float C6 = 1.3814598647e-03f;
    private static final int BIAS = 127;
    private static final int FRACTION_BITS = 23;
    private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);

    private static final VectorShuffle<Float> EIGHT_ON = lanesOn(8);
    private static final VectorShuffle<Float> FOUR_ON = lanesOn(4);
    private static final VectorShuffle<Float> TWO_ON = lanesOn(2);
    private static final VectorShuffle<Float> ONE_ON = lanesOn(1);

    private VectorMath() {}

    private static VectorShuffle<Float> lanesOn(int distance) {
        return VectorShuffle.fromOp(Species.FLOAT, lane -> (lane + distance) % Species.LANES);
    }

    /** e^x within 1.5 units in the last place; infinity above, zero below, gradual underflow and NaN as usual. */
    public static FloatVector exp(FloatVector x) {
        FloatVector bounded = x.blend(LOWEST, x.compare(VectorOperators.LT, LOWEST));
        bounded = bounded.blend(HIGHEST, bounded.compare(VectorOperators.GT, HIGHEST));
        FloatVector shifted = bounded.fma(broadcast(LOG2_E), broadcast(ROUND));
        FloatVector whole = shifted.sub(ROUND);
        FloatVector r = whole.fma(broadcast(-LN2_HIGH), bounded);
        r = whole.fma(broadcast(-LN2_LOW), r);
        FloatVector p = r.fma(broadcast(C6), broadcast(C5));
        p = p.fma(r, broadcast(C4)).fma(r, broadcast(C3)).fma(r, broadcast(C2));
        p = p.fma(r, broadcast(1)).fma(r, broadcast(1));
        // 2^n in two factors: one alone would leave the range of normal numbers at both ends.
        IntVector n = shifted.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = n.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(n.sub(half)));
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(Species.FLOAT, value);
    }

    private static FloatVector powerOfTwo(IntVector n) {
        return n.add(BIAS).lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats();
    }

    /** The same for one number, bit for bit. */
    public static float exp(float x) {
        float bounded = x < LOWEST ? LOWEST : x;
        bounded = bounded > HIGHEST ? HIGHEST : bounded;
        float shifted = Math.fma(bounded, LOG2_E, ROUND);
        float whole = shifted - ROUND;
        float r = Math.fma(whole, -LN2_HIGH, bounded);
        r = Math.fma(whole, -LN2_LOW, r);
        float p = Math.fma(r, C6, C5);
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r, 1f);
        p = Math.fma(p, r, 1f);
        int n = Float.floatToRawIntBits(shifted) - ROUND_BITS;
        int half = n >> 1;
        return p * powerOfTwo(half) * powerOfTwo(n - half);
    }

    private static float powerOfTwo(int n) {
        return Float.intBitsToFloat((n + BIAS) << FRACTION_BITS);
    }

    /** 1 / (1 + e^-x). */
    static FloatVector sigmoid(FloatVector x) {
        return broadcast(1).div(exp(x.neg()).add(1));
    }

    /** The same for one number, bit for bit. */
    static float sigmoid(float x) {
        return 1 / (exp(-x) + 1);
    }

    /**
     * log(1 + e^x), to a relative error of 2e-7 for any x. With u = e^-|x| and s = u / (2 + u), at most a third, log(1 + u) is
     * 2 (s + s^3 / 3 + s^5 / 5 + ...): 1 + u, which would lose the digits of a small u, is not formed.
     */
    static FloatVector softplus(FloatVector x) {
        FloatVector u = exp(x.abs().neg());
        FloatVector s = u.div(u.add(2));
        FloatVector square = s.mul(s);
        FloatVector p = square.fma(broadcast(1f / 17), broadcast(1f / 15));
        p = p.fma(square, broadcast(1f / 13)).fma(square, broadcast(1f / 11));
        p = p.fma(square, broadcast(1f / 9)).fma(square, broadcast(1f / 7));
        p = p.fma(square, broadcast(1f / 5)).fma(square, broadcast(1f / 3));
        p = p.fma(square, broadcast(1));
        return x.max(0).add(s.mul(2).mul(p));
    }

    /** The same for one number, bit for bit. */
    static float softplus(float x) {
        float u = exp(-Math.abs(x));
        float s = u / (u + 2);
        float square = s * s;
        float p = Math.fma(square, 1f / 17, 1f / 15);
        p = Math.fma(p, square, 1f / 13);
        p = Math.fma(p, square, 1f / 11);
        p = Math.fma(p, square, 1f / 9);
        p = Math.fma(p, square, 1f / 7);
        p = Math.fma(p, square, 1f / 5);
        p = Math.fma(p, square, 1f / 3);
        p = Math.fma(p, square, 1f);
        return Math.max(x, 0) + s * 2 * p;
    }

    /**
     * The sum of all lanes, added by halves: ((l0 + l8) + (l4 + l12)) + ... The order is fixed here because the order of
     * {@code reduceLanes} is not: interpreted and compiled code give different bits.
     */
    public static float sum(FloatVector vector) {
        FloatVector sum = vector;
        if (Species.LANES > 8) {
            sum = sum.add(sum.rearrange(EIGHT_ON));
        }
        if (Species.LANES > 4) {
            sum = sum.add(sum.rearrange(FOUR_ON));
        }
        sum = sum.add(sum.rearrange(TWO_ON));
        return sum.add(sum.rearrange(ONE_ON)).lane(0);
    }
}
