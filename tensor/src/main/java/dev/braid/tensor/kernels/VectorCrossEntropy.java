package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

final class VectorCrossEntropy implements CrossEntropyKernels {
    private static final int LANES = Species.LANES;

    private final VectorElementwise elementwise = new VectorElementwise();

    @Override
    public void forward(long logits, long labels, float zLoss, long lse, long loss, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = logits + (long) row * columns * Float.BYTES;
            float largest = largest(start, columns);
            float sum = exponentialSum(start, largest, columns);
            int label = getInt(labels, row);
            float logit = label < 0 || label >= columns ? 0 : getFloat(start, label);
            ScalarCrossEntropy.finish(row, label, logit, largest + StrictMath.log(sum), zLoss, lse, loss);
        }
    }

    private static float largest(long row, int columns) {
        FloatVector best0 = FloatVector.broadcast(Species.FLOAT, Float.NEGATIVE_INFINITY);
        FloatVector best1 = best0;
        int j = 0;
        for (; j <= columns - 2 * LANES; j += 2 * LANES) {
            best0 = best0.max(load(row, j));
            best1 = best1.max(load(row, j + LANES));
        }
        // Unlike a sum, a maximum is the same in any order.
        float best = best0.max(best1).reduceLanes(VectorOperators.MAX);
        for (; j < columns; j++) {
            best = Math.max(best, getFloat(row, j));
        }
        return best;
    }

    /** Sum of exp(row - largest). */
    private static float exponentialSum(long row, float largest, int columns) {
        // One exponential in a loop is as much as the compiler will inline; it hides the latency of the sum.
        FloatVector sums = FloatVector.zero(Species.FLOAT);
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            sums = sums.add(VectorMath.exp(load(row, j).sub(largest)));
        }
        float sum = VectorMath.sum(sums);
        for (; j < columns; j++) {
            sum += VectorMath.exp(getFloat(row, j) - largest);
        }
        return sum;
    }

    @Override
    public void gradient(
            long logits, long labels, long lse, float scale, float zLoss, long dLogits, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long offset = (long) row * columns * Float.BYTES;
            int label = getInt(labels, row);
            if (label < 0) {
                Addresses.fillZero(dLogits + offset, (long) columns * Float.BYTES);
            } else {
                float logSum = getFloat(lse, row);
                float factor = ScalarCrossEntropy.softmaxFactor(scale, zLoss, logSum);
                scaledExponentials(logits + offset, logSum, factor, dLogits + offset, columns);
                if (label < columns) {
                    setFloat(dLogits + offset, label, getFloat(dLogits + offset, label) - scale);
                }
            }
        }
    }

    private static void scaledExponentials(long row, float shift, float factor, long out, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            store(VectorMath.exp(load(row, j).sub(shift)).mul(factor), out, j);
        }
        for (; j < columns; j++) {
            setFloat(out, j, VectorMath.exp(getFloat(row, j) - shift) * factor);
        }
    }

    @Override
    public void forwardGradient(
            long logits,
            long labels,
            float scale,
            float zLoss,
            long lse,
            long loss,
            long dLogits,
            int rows,
            int columns) {
        for (int row = 0; row < rows; row++) {
            long offset = (long) row * columns * Float.BYTES;
            long out = dLogits + offset;
            int label = getInt(labels, row);
            float logit = label < 0 || label >= columns ? 0 : getFloat(logits + offset, label);
            float largest = largest(logits + offset, columns);
            float sum = storeExponentials(logits + offset, largest, out, columns);
            double logSum = largest + StrictMath.log(sum);
            ScalarCrossEntropy.finish(row, label, logit, logSum, zLoss, lse, loss);
            if (label < 0) {
                Addresses.fillZero(out, (long) columns * Float.BYTES);
            } else {
                float factor = ScalarCrossEntropy.softmaxFactor(scale, zLoss, (float) logSum);
                elementwise.scale(out, factor / sum, columns);
                if (label < columns) {
                    setFloat(out, label, getFloat(out, label) - scale);
                }
            }
        }
    }

    @Override
    public void largestOther(long logits, long labels, long largest, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = logits + (long) row * columns * Float.BYTES;
            int label = getInt(labels, row);
            boolean here = label >= 0 && label < columns;
            float before = largest(start, here ? label : columns);
            float behind =
                    here ? largest(start + (label + 1L) * Float.BYTES, columns - label - 1) : Float.NEGATIVE_INFINITY;
            setFloat(largest, row, Math.max(before, behind));
        }
    }

    /** Stores exp(row - largest) in {@code out} and returns the sum, in the order of {@link #exponentialSum}. */
    private static float storeExponentials(long row, float largest, long out, int columns) {
        FloatVector sums = FloatVector.zero(Species.FLOAT);
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            FloatVector values = VectorMath.exp(load(row, j).sub(largest));
            store(values, out, j);
            sums = sums.add(values);
        }
        float sum = VectorMath.sum(sums);
        for (; j < columns; j++) {
            float value = VectorMath.exp(getFloat(row, j) - largest);
            setFloat(out, j, value);
            sum += value;
        }
        return sum;
    }
}
