package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.CrossEntropy;

/** Cross-entropy of a chunk of rows from the logits that this rank has of them. */
interface RowLosses {
    /**
     * Sets log-sum-exp and loss of rows {@code from} on, each over the whole vocabulary.
     *
     * @param logits F32 [r, own columns]
     * @param logSum F32 [all rows]
     * @param loss F32 [all rows]
     */
    void forward(Tensor logits, int from, Tensor logSum, Tensor loss);

    /** Sets the gradient of the chunk's logits, scaled; it may be the logits themselves in F32. */
    void gradient(Tensor logits, int from, Tensor logSum, float scale, Tensor gradient);

    /** On a rank that has all columns; {@code labels} I32 [all rows]. */
    static RowLosses whole(Compute compute, Tensor labels, float zLoss) {
        return new RowLosses() {
            @Override
            public void forward(Tensor logits, int from, Tensor logSum, Tensor loss) {
                long rows = logits.shape().rows();
                CrossEntropy.forward(
                        compute,
                        logits,
                        labels.rows(from, rows),
                        zLoss,
                        logSum.rows(from, rows),
                        loss.rows(from, rows));
            }

            @Override
            public void gradient(Tensor logits, int from, Tensor logSum, float scale, Tensor gradient) {
                long rows = logits.shape().rows();
                CrossEntropy.gradient(
                        compute, logits, labels.rows(from, rows), logSum.rows(from, rows), scale, zLoss, gradient);
            }
        };
    }
}
