package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOAT;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The element-wise half of attention, on rows of a score tile. Scores are in units of log 2: the packed queries carry the
 * factor {@code scale * log2(e)}, so that exponentials are powers of two.
 *
 * <p>Each row has a reference that its weights {@code 2^(score - reference)} are relative to. It need not be the largest
 * score: moving it only when a score lies far above spares nearly all rescaling of the output.
 */
final class Softmax {
    /** The reference of a row that has seen no key. Finite, so that a score of minus infinity still weighs exactly 0. */
    static final float NONE = -Float.MAX_VALUE;

    /** How far a score may lie above the reference before it moves: weights stay under 2^8, far from overflow. */
    private static final float SLACK = 8;

    private Softmax() {}

    /** Sets the scores of a row from column {@code from} until {@code to} to minus infinity. */
    static void mask(long scores, int from, int to) {
        for (int column = from / LANES * LANES; column < to; column += LANES) {
            long at = scores + 4L * column;
            FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER)
                    .blend(Float.NEGATIVE_INFINITY, FLOATS.indexInRange(column - from, to - from))
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    /**
     * Moves the reference of a row to its largest score where one lies too far above, and scales sums and output to it.
     *
     * @param columns of the row, a multiple of a vector
     * @param reference one float
     * @param sums one vector: the sum of the row's weights is the sum of its lanes
     * @param output the row's unnormalised output, of {@code outputColumns} floats
     */
    static void refer(long scores, int columns, long reference, long sums, long output, int outputColumns) {
        FloatVector top = FloatVector.fromMemorySegment(FLOATS, ALL, scores, ORDER);
        for (int column = LANES; column < columns; column += LANES) {
            FloatVector next = FloatVector.fromMemorySegment(FLOATS, ALL, scores + 4L * column, ORDER);
            top = top.blend(next, next.compare(VectorOperators.GT, top));
        }
        float old = ALL.get(FLOAT, reference);
        if (top.compare(VectorOperators.GT, old + SLACK).anyTrue()) {
            float moved = top.reduceLanes(VectorOperators.MAX);
            ALL.set(FLOAT, reference, moved);
            if (old != NONE) {
                float factor = Powers.of(old - moved);
                scale(sums, LANES, factor);
                scale(output, outputColumns, factor);
            }
        }
    }

    private static void scale(long row, int columns, float factor) {
        for (int column = 0; column < columns; column += LANES) {
            long at = row + 4L * column;
            FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER).mul(factor).intoMemorySegment(ALL, at, ORDER);
        }
    }

    /** Adds a row of weights to its sums, lane by lane. */
    static void sum(long weights, int columns, long sums) {
        FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        for (int column = 0; column < columns; column += LANES) {
            sum = sum.add(FloatVector.fromMemorySegment(FLOATS, ALL, weights + 4L * column, ORDER));
        }
        sum.intoMemorySegment(ALL, sums, ORDER);
    }

    /** Replaces a row of {@code dP = dO V^T} by {@code dS = P (dP - delta)}. */
    static void differentiate(long probabilities, long products, int columns, float delta) {
        for (int column = 0; column < columns; column += LANES) {
            long at = products + 4L * column;
            FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER)
                    .sub(delta)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, probabilities + 4L * column, ORDER))
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    /** Inner product of two packed rows, in a fixed order; {@code scratch} takes one vector. */
    static float dot(long left, long right, int columns, long scratch) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int column = 0; column < columns; column += LANES) {
            long at = 4L * column;
            sum = FloatVector.fromMemorySegment(FLOATS, ALL, left + at, ORDER)
                    .fma(FloatVector.fromMemorySegment(FLOATS, ALL, right + at, ORDER), sum);
        }
        sum.intoMemorySegment(ALL, scratch, ORDER);
        return Lanes.sum(scratch);
    }
}
