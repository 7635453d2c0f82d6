package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.exp2;
import static dev.braid.tensor.attention.Lanes.get;
import static dev.braid.tensor.attention.Lanes.load;
import static dev.braid.tensor.attention.Lanes.set;
import static dev.braid.tensor.attention.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The element-wise half of attention, on rows of a score tile. Scores are in units of log 2: the packed queries carry the
 * factor {@code scale * log2(e)}, so that exponentials are powers of two.
 */
final class Softmax {
    /**
     * How far a score may lie above the row's reference before the reference moves. A reference that need not be the
     * maximum spares nearly all rescaling of the output; weights stay under 2^8, far from overflow.
     */
    private static final float SLACK = 8;

    private Softmax() {}

    /** Sets the scores from column {@code end} to minus infinity. */
    static void mask(long scores, int columns, int end) {
        int column = end / LANES * LANES;
        for (; column < columns; column += LANES) {
            FloatVector masked = load(scores + 4L * column)
                    .blend(
                            Float.NEGATIVE_INFINITY,
                            FLOATS.indexInRange(column, end).not());
            store(masked, scores + 4L * column);
        }
    }

    /**
     * One row of a block: replaces scores by weights {@code 2^(score - reference)} and adds them to the row's sums, after
     * moving the reference, and scaling sums and output to it, when a score lies too far above.
     *
     * @param columns of the row, a multiple of a vector
     * @param reference one float, minus infinity before the first block
     * @param sums one vector: the sum of the weights is the sum of its lanes
     * @param output the row's unnormalised output, of {@code outputColumns} floats
     */
    static void weigh(long scores, int columns, long reference, long sums, long output, int outputColumns) {
        FloatVector top = load(scores);
        for (int column = LANES; column < columns; column += LANES) {
            FloatVector next = load(scores + 4L * column);
            top = top.blend(next, next.compare(VectorOperators.GT, top));
        }
        float base = get(reference);
        if (top.compare(VectorOperators.GT, base + SLACK).anyTrue()) {
            base = move(top.reduceLanes(VectorOperators.MAX), reference, sums, output, outputColumns);
        }
        if (base == Float.NEGATIVE_INFINITY) {
            Packing.zero(scores, columns);
            return;
        }
        FloatVector sum = load(sums);
        for (int column = 0; column < columns; column += LANES) {
            FloatVector weight = exp2(load(scores + 4L * column).sub(base));
            store(weight, scores + 4L * column);
            sum = sum.add(weight);
        }
        store(sum, sums);
    }

    private static float move(float base, long reference, long sums, long output, int outputColumns) {
        float difference = get(reference) - base;
        set(reference, base);
        if (difference == Float.NEGATIVE_INFINITY) {
            return base;
        }
        FloatVector factor = exp2(FloatVector.broadcast(FLOATS, difference));
        store(load(sums).mul(factor), sums);
        for (int column = 0; column < outputColumns; column += LANES) {
            store(load(output + 4L * column).mul(factor), output + 4L * column);
        }
        return base;
    }

    /**
     * One row of the backward pass: replaces scores by probabilities {@code P = 2^(score - lse)} and products
     * {@code dP = dO V^T} by {@code dS = P (dP - delta)}.
     */
    static void differentiate(long scores, long products, int columns, float lse, float delta) {
        for (int column = 0; column < columns; column += LANES) {
            FloatVector probability = exp2(load(scores + 4L * column).sub(lse));
            FloatVector difference = load(products + 4L * column).sub(delta);
            store(probability, scores + 4L * column);
            store(probability.mul(difference), products + 4L * column);
        }
    }

    /** Inner product of two packed rows, in a fixed order; {@code scratch} takes one vector. */
    static float dot(long left, long right, int columns, long scratch) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int column = 0; column < columns; column += LANES) {
            sum = load(left + 4L * column).fma(load(right + 4L * column), sum);
        }
        store(sum, scratch);
        return Lanes.sum(scratch);
    }
}
