package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOAT;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;
import static dev.braid.tensor.attention.Lanes.PANEL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Powers of two of a score tile. */
final class Powers {
    /** Adding and subtracting it rounds to an integer, which the lowest bits of the sum then hold. */
    private static final float ROUND = 0x1.8p23f;

    /** The power of anything below is 0. */
    private static final float LEAST = -125;

    /** Minimax polynomial of {@code 2^x} on [-1/2, 1/2], relative error 2e-9; its constant is 1. */
    private static final float C1 = 6.93147182e-1f;

    private static final float C2 = 2.40226462e-1f;
    private static final float C3 = 5.55032864e-2f;
    private static final float C4 = 9.61848907e-3f;
    private static final float C5 = 1.33999309e-3f;
    private static final float C6 = 1.53458124e-4f;

    private Powers() {}

    /**
     * Replaces each x of a tile by {@code 2^(x - base)} within 2 units in the last place, for differences up to 127; by
     * exactly 0 where the difference lies below -125, so that masked scores of minus infinity weigh nothing; NaN for NaN.
     *
     * <p>Two vectors at a time and all in one method: a helper for one would be inlined or not by the compiler's mood.
     *
     * @param tileRow bytes from one row to the next
     * @param columns a multiple of {@link Lanes#PANEL}
     * @param bases one float for each row
     */
    static void replace(long tile, long tileRow, int rows, int columns, long bases) {
        FloatVector one = FloatVector.broadcast(FLOATS, 1);
        FloatVector c1 = FloatVector.broadcast(FLOATS, C1);
        FloatVector c2 = FloatVector.broadcast(FLOATS, C2);
        FloatVector c3 = FloatVector.broadcast(FLOATS, C3);
        FloatVector c4 = FloatVector.broadcast(FLOATS, C4);
        FloatVector c5 = FloatVector.broadcast(FLOATS, C5);
        FloatVector c6 = FloatVector.broadcast(FLOATS, C6);
        for (int row = 0; row < rows; row++) {
            FloatVector base = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, bases + 4L * row));
            long line = tile + row * tileRow;
            for (int column = 0; column < columns; column += PANEL) {
                long left = line + 4L * column;
                long right = left + 4L * LANES;
                FloatVector x0 =
                        FloatVector.fromMemorySegment(FLOATS, ALL, left, ORDER).sub(base);
                FloatVector x1 =
                        FloatVector.fromMemorySegment(FLOATS, ALL, right, ORDER).sub(base);
                FloatVector rounded0 = x0.add(ROUND);
                FloatVector rounded1 = x1.add(ROUND);
                FloatVector fraction0 = x0.sub(rounded0.sub(ROUND));
                FloatVector fraction1 = x1.sub(rounded1.sub(ROUND));
                FloatVector power0 = c6.fma(fraction0, c5).fma(fraction0, c4).fma(fraction0, c3);
                FloatVector power1 = c6.fma(fraction1, c5).fma(fraction1, c4).fma(fraction1, c3);
                power0 = power0.fma(fraction0, c2).fma(fraction0, c1).fma(fraction0, one);
                power1 = power1.fma(fraction1, c2).fma(fraction1, c1).fma(fraction1, one);
                IntVector exponent0 = rounded0.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
                IntVector exponent1 = rounded1.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
                FloatVector result0 = power0.reinterpretAsInts().add(exponent0).reinterpretAsFloats();
                FloatVector result1 = power1.reinterpretAsInts().add(exponent1).reinterpretAsFloats();
                result0.blend(0, x0.compare(VectorOperators.LT, LEAST)).intoMemorySegment(ALL, left, ORDER);
                result1.blend(0, x1.compare(VectorOperators.LT, LEAST)).intoMemorySegment(ALL, right, ORDER);
            }
        }
    }

    /** The same for one number. */
    static float of(float x) {
        if (x < LEAST) {
            return 0;
        }
        float rounded = x + ROUND;
        float fraction = x - (rounded - ROUND);
        float power = C6;
        power = Math.fma(power, fraction, C5);
        power = Math.fma(power, fraction, C4);
        power = Math.fma(power, fraction, C3);
        power = Math.fma(power, fraction, C2);
        power = Math.fma(power, fraction, C1);
        power = Math.fma(power, fraction, 1);
        return Float.intBitsToFloat(Float.floatToRawIntBits(power) + (Float.floatToRawIntBits(rounded) << 23));
    }
}
