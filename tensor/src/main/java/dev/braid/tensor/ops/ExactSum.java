package dev.braid.tensor.ops;

import java.math.BigInteger;

/**
 * The exact sum of any f64 numbers, rounded once at the end: it does not depend on the order in which they were added, nor on
 * which of several sums they were added to before these were combined. A fixed-point number over the whole range of f64 (Kulisch
 * 1971). Where a number is not finite, the sum is NaN.
 *
 * <p>{@link #toInts} gives limbs whose element-wise integer sums, over up to {@link #MOST_PARTS} sums, are limbs of the combined
 * sum again, so that an all-reduce of integers adds sums of many ranks. Used by one thread.
 */
public final class ExactSum {
    /** Number of integers of {@link #toInts}. */
    public static final int INTS = 136;

    /** How many sums may be combined at once. */
    public static final int MOST_PARTS = 1 << 15;

    /** The lowest bit stands for 2^-1074, the smallest f64. */
    private static final int LOWEST = -1074;

    private static final int LIMBS = INTS / 2;
    private static final long MASK = 0xFFFFFFFFL;
    private static final int MOST_ADDITIONS = 1 << 29;
    private static final int MANTISSA_BITS = 52;
    private static final int KEPT_BITS = 64;

    /** Signed limbs of 32 bits; carries are left in them until {@link #normalise}. */
    private final long[] limbs = new long[LIMBS];

    private int additions;
    private int notFinite;

    /** Adds one number. */
    public void add(double value) {
        if (!Double.isFinite(value)) {
            notFinite = 1;
            return;
        }
        if (++additions == MOST_ADDITIONS) {
            normalise();
        }
        long bits = Double.doubleToRawLongBits(value);
        int exponent = (int) (bits >>> MANTISSA_BITS) & 0x7FF;
        long mantissa = bits & ((1L << MANTISSA_BITS) - 1);
        if (exponent == 0) {
            exponent = 1;
        } else {
            mantissa |= 1L << MANTISSA_BITS;
        }
        int place = exponent - 1;
        int limb = place >>> 5;
        int shift = place & 31;
        long low = (mantissa & MASK) << shift;
        long high = (mantissa >>> 32) << shift;
        long sign = bits < 0 ? -1 : 1;
        limbs[limb] += sign * (low & MASK);
        limbs[limb + 1] += sign * ((low >>> 32) + (high & MASK));
        limbs[limb + 2] += sign * (high >>> 32);
    }

    /** Adds all of {@code values}. */
    public void addAll(double[] values) {
        for (double value : values) {
            add(value);
        }
    }

    private void normalise() {
        long carry = 0;
        for (int i = 0; i < LIMBS - 1; i++) {
            long sum = limbs[i] + carry;
            limbs[i] = sum & MASK;
            carry = sum >> 32;
        }
        limbs[LIMBS - 1] += carry;
        additions = 0;
    }

    /** The sum, rounded to nearest; NaN when a number was not finite. */
    public double value() {
        if (notFinite != 0) {
            return Double.NaN;
        }
        normalise();
        BigInteger total = BigInteger.ZERO;
        for (int i = LIMBS - 1; i >= 0; i--) {
            total = total.shiftLeft(32).add(BigInteger.valueOf(limbs[i]));
        }
        return rounded(total);
    }

    private static double rounded(BigInteger total) {
        BigInteger size = total.abs();
        int excess = Math.max(0, size.bitLength() - KEPT_BITS);
        BigInteger kept = size.shiftRight(excess);
        if (excess > 0 && size.getLowestSetBit() < excess) {
            kept = kept.or(BigInteger.ONE); // sticky: what was cut off was not zero
        }
        return total.signum() * Math.scalb(kept.doubleValue(), excess + LOWEST);
    }

    /** Limbs of 16 bits, the last one with the sign, and behind them how many sums have a number that is not finite. */
    public int[] toInts() {
        normalise();
        int[] ints = new int[INTS];
        for (int i = 0; i < LIMBS - 1; i++) {
            ints[2 * i] = (int) (limbs[i] & 0xFFFF);
            ints[2 * i + 1] = (int) (limbs[i] >> 16);
        }
        ints[INTS - 2] = (int) limbs[LIMBS - 1];
        ints[INTS - 1] = notFinite;
        return ints;
    }

    /** The sum whose limbs these are, perhaps added up over many sums. */
    public static ExactSum fromInts(int[] ints) {
        ExactSum sum = new ExactSum();
        for (int i = 0; i < INTS - 1; i++) {
            sum.limbs[i / 2] += (long) ints[i] << (16 * (i % 2));
        }
        sum.notFinite = ints[INTS - 1] == 0 ? 0 : 1;
        sum.normalise();
        return sum;
    }
}
