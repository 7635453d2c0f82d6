package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
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
        Memory memory = compute.memory();
        long rows = logits.shape().rows();
        long figures = DividedCrossEntropy.FIGURES * rows;
        Tensor mine = memory.allocate(Category.COMMUNICATION, DType.F32, Shape.of(figures));
        Tensor all = memory.allocate(Category.COMMUNICATION, DType.F32, Shape.of(axis.ranks() * figures));
        DividedCrossEntropy.figures(compute, logits, local.rows(from, rows), mine);
        long[] counts = new long[axis.ranks()];
        Arrays.fill(counts, figures);
        compute.profile().time("tensor.gather_losses", 0, axis.gather(mine, counts, all)::await);
        DividedCrossEntropy.combine(
                compute,
                axis.ranks(),
                all,
                local.rows(from, rows),
                zLoss,
                logSum.rows(from, rows),
                loss.rows(from, rows));
        all.release();
        mine.release();
    }

    @Override
    public void gradient(Tensor logits, int from, Tensor logSum, float scale, Tensor gradient) {
        long rows = logits.shape().rows();
        DividedCrossEntropy.gradient(
                compute, logits, local.rows(from, rows), logSum.rows(from, rows), scale, zLoss, gradient);
    }
}
