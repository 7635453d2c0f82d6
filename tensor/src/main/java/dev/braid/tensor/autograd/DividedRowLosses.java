package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Accuracy;
import dev.braid.tensor.ops.DividedCrossEntropy;
import dev.braid.tensor.parameters.TensorAxis;
import java.util.Arrays;

/**
 * Cross-entropy where each rank has some columns of the logits: the ranks exchange two figures a row, once a chunk.
 *
 * @param local I32 [all rows]: the labels as columns of this rank, see {@link DividedCrossEntropy#localLabels}
 */
record DividedRowLosses(Compute compute, TensorAxis axis, Tensor local, float zLoss) implements RowLosses {
    @Override
    public void forward(Tensor logits, int from, Tensor logSum, Tensor loss) {
        long rows = logits.shape().rows();
        Tensor mine = room(DividedCrossEntropy.FIGURES * rows);
        DividedCrossEntropy.figures(compute, logits, local.rows(from, rows), mine);
        Tensor all = gather(mine);
        DividedCrossEntropy.combine(
                compute,
                axis.ranks(),
                all,
                local.rows(from, rows),
                zLoss,
                logSum.rows(from, rows),
                loss.rows(from, rows));
        all.release();
    }

    private Tensor room(long figures) {
        return compute.memory().allocate(Category.COMMUNICATION, DType.F32, Shape.of(figures));
    }

    /** The figures of all ranks; gives back those of this one. */
    private Tensor gather(Tensor mine) {
        Tensor all = room(axis.ranks() * mine.count());
        long[] counts = new long[axis.ranks()];
        Arrays.fill(counts, mine.count());
        compute.profile().time("tensor.gather_losses", 0, axis.gather(mine, counts, all)::await);
        mine.release();
        return all;
    }

    @Override
    public long correct(Tensor logits, int from) {
        Tensor labels = local.rows(from, logits.shape().rows());
        Tensor mine = room(Accuracy.FIGURES * labels.count());
        Accuracy.figures(compute, logits, labels, mine);
        Tensor all = gather(mine);
        long correct = Accuracy.count(axis.ranks(), all, labels);
        all.release();
        return correct;
    }

    @Override
    public void gradient(Tensor logits, int from, Tensor logSum, float scale, Tensor gradient) {
        long rows = logits.shape().rows();
        DividedCrossEntropy.gradient(
                compute, logits, local.rows(from, rows), logSum.rows(from, rows), scale, zLoss, gradient);
    }
}
