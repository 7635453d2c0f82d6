package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Accuracy;
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

    /** The rows from {@code from} on whose label has the largest logit, over the whole vocabulary; see {@link Accuracy}. */
    long correct(Tensor logits, int from);

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

            @Override
            public long correct(Tensor logits, int from) {
                Tensor local = labels.rows(from, logits.shape().rows());
                Tensor figures = compute.memory()
                        .allocate(Category.WORKSPACE, DType.F32, Shape.of(Accuracy.FIGURES * local.count()));
                Accuracy.figures(compute, logits, local, figures);
                long correct = Accuracy.count(1, figures, local);
                figures.release();
                return correct;
            }
        };
    }
}
