package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;

import dev.braid.tensor.kernels.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The soft cap of a score tile, {@code s -> cap tanh(s / cap)}. Scores are in units of log 2, as in {@link Softmax}, and so is
 * the cap here.
 */
final class SoftCap {
    /** Under it, a polynomial; above, tanh by the exponential, which would lose the digits of small numbers. */
    private static final float SMALL = 0.632f;

    // tanh(y) / y = 1 + z (C0 + C1 z + ...) with z = y^2 under 0.4, the least relative error for this degree: 5e-9.
    private static final float C0 = -3.3333275e-1f;
    private static final float C1 = 1.33312747e-1f;
    private static final float C2 = -5.37251271e-2f;
    private static final float C3 = 2.05898266e-2f;
    private static final float C4 = -5.64831588e-3f;

    private static final double LOG2_E = 1 / Math.log(2);

    private SoftCap() {}

    /**
     * Caps the scores of a tile.
     *
     * @param tileRow bytes from one row to the next
     * @param columns a multiple of a vector
     * @param cap of the scores in their own units
     */
    static void apply(long tile, long tileRow, int rows, int columns, float cap) {
        float bound = (float) (cap * LOG2_E);
        float inverse = 1 / bound;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += LANES) {
                long at = tile + row * tileRow + 4L * column;
                FloatVector score = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER);
                tanh(score.mul(inverse)).mul(bound).intoMemorySegment(ALL, at, ORDER);
            }
        }
    }

    /** The same; {@code slopes}, a tile of the same rows, takes the derivatives {@code 1 - tanh^2}. */
    static void applyWithSlopes(long tile, long slopes, long tileRow, int rows, int columns, float cap) {
        float bound = (float) (cap * LOG2_E);
        float inverse = 1 / bound;
        FloatVector one = FloatVector.broadcast(FLOATS, 1);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += LANES) {
                long offset = row * tileRow + 4L * column;
                FloatVector score = FloatVector.fromMemorySegment(FLOATS, ALL, tile + offset, ORDER);
                FloatVector tanh = tanh(score.mul(inverse));
                tanh.mul(bound).intoMemorySegment(ALL, tile + offset, ORDER);
                one.sub(tanh.mul(tanh)).intoMemorySegment(ALL, slopes + offset, ORDER);
            }
        }
    }

    /** Multiplies a row by another. */
    static void multiply(long row, long factors, int columns) {
        for (int column = 0; column < columns; column += LANES) {
            long at = row + 4L * column;
            FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, factors + 4L * column, ORDER))
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    private static FloatVector tanh(FloatVector y) {
        FloatVector z = y.mul(y);
        FloatVector p = FloatVector.broadcast(FLOATS, C4)
                .fma(z, FloatVector.broadcast(FLOATS, C3))
                .fma(z, FloatVector.broadcast(FLOATS, C2))
                .fma(z, FloatVector.broadcast(FLOATS, C1))
                .fma(z, FloatVector.broadcast(FLOATS, C0));
        FloatVector small = p.mul(z).fma(y, y);
        FloatVector size = y.abs();
        FloatVector power = VectorMath.exp(size.add(size));
        FloatVector one = FloatVector.broadcast(FLOATS, 1);
        FloatVector large = one.sub(FloatVector.broadcast(FLOATS, 2).div(power.add(1)));
        large = large.blend(large.neg(), y.compare(VectorOperators.LT, 0));
        return small.blend(large, size.compare(VectorOperators.GT, SMALL));
    }
}
