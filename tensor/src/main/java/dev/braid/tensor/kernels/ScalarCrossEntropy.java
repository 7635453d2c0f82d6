package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarCrossEntropy implements CrossEntropyKernels {
    @Override
    public void forward(long logits, long labels, float zLoss, long lse, long loss, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < columns; j++) {
                largest = Math.max(largest, getFloat(logits, start + j));
            }
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                sum += Math.exp(getFloat(logits, start + j) - largest);
            }
            int label = getInt(labels, row);
            float logit = label < 0 || label >= columns ? 0 : getFloat(logits, start + label);
            finish(row, label, logit, largest + StrictMath.log(sum), zLoss, lse, loss);
        }
    }

    /** Stores the log-sum-exp of a row and its loss. */
    static void finish(int row, int label, float logit, double logSum, float zLoss, long lse, long loss) {
        setFloat(lse, row, (float) logSum);
        setFloat(loss, row, label < 0 ? 0 : (float) (logSum - logit + zLoss * logSum * logSum));
    }

    @Override
    public void gradient(
            long logits, long labels, long lse, float scale, float zLoss, long dLogits, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            int label = getInt(labels, row);
            float logSum = getFloat(lse, row);
            float factor = label < 0 ? 0 : softmaxFactor(scale, zLoss, logSum);
            for (int j = 0; j < columns; j++) {
                double probability = label < 0 ? 0 : Math.exp((double) getFloat(logits, start + j) - logSum);
                float target = j == label ? scale : 0;
                setFloat(dLogits, start + j, (float) (factor * probability - target));
            }
        }
    }

    /** scale * (1 + 2 * zLoss * lse): what the softmax is multiplied by. */
    static float softmaxFactor(float scale, float zLoss, double logSum) {
        return (float) (scale * (1 + 2.0 * zLoss * logSum));
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
        forward(logits, labels, zLoss, lse, loss, rows, columns);
        gradient(logits, labels, lse, scale, zLoss, dLogits, rows, columns);
    }

    @Override
    public void largestOther(long logits, long labels, long largest, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            float best = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < columns; j++) {
                if (j != getInt(labels, row)) {
                    best = Math.max(best, getFloat(logits, (long) row * columns + j));
                }
            }
            setFloat(largest, row, best);
        }
    }
}
