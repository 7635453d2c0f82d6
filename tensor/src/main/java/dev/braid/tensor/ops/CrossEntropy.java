package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.CrossEntropyKernels;

/**
 * Cross-entropy with z-loss (Chowdhery et al. 2022, arXiv 2204.02311, section 5) over F32 logits [r,V]:
 * {@code loss = lse - logit[label] + zLoss * lse^2} with lse = log(sum(exp(logits))). A row whose label is
 * {@link #IGNORED} has loss 0 and gradient 0. {@code labels} are I32 [r]; {@code lse} and {@code loss} F32 [r].
 */
public final class CrossEntropy {
    /** The label of a row that does not count. */
    public static final int IGNORED = -100;

    private CrossEntropy() {}

    /** Sets {@code lse} and {@code loss}. */
    public static void forward(Compute compute, Tensor logits, Tensor labels, float zLoss, Tensor lse, Tensor loss) {
        Check check = new Check("cross_entropy.forward");
        int rows = requireLogits(check, logits, labels);
        int columns = Check.columns(logits);
        check.elements("lse", lse, DType.F32, rows);
        check.elements("loss", loss, DType.F32, rows);
        long labelsAt = labels.address();
        long lseAt = lse.address();
        long lossAt = loss.address();
        CrossEntropyKernels kernels = compute.kernels().crossEntropy();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(logits);
        tiles.run(
                check.operation(),
                4.0 * logits.count(),
                rows,
                tile -> kernels.forward(
                        tile.of(input),
                        tile.perRow(labelsAt),
                        zLoss,
                        tile.perRow(lseAt),
                        tile.perRow(lossAt),
                        tile.rows(),
                        columns));
    }

    private static int requireLogits(Check check, Tensor logits, Tensor labels) {
        check.floats("logits", logits);
        int rows = check.valueRows("logits", logits);
        int columns = Check.columns(logits);
        check.elements("labels", labels, DType.I32, rows);
        String hint = " (vocabulary size " + columns + "); a label that does not count is " + IGNORED;
        Blocks.requireIndices(check, "label", labels, columns, IGNORED, hint);
        return rows;
    }

    /**
     * Sets {@code dLogits = scale * ((1 + 2 zLoss lse) softmax - onehot(label))}.
     *
     * @param lse from {@link #forward}
     * @param scale gradient of each row's loss: 1 / counted rows for a mean
     * @param dLogits [r,V], F32 or BF16; may be {@code logits}
     */
    public static void gradient(
            Compute compute, Tensor logits, Tensor labels, Tensor lse, float scale, float zLoss, Tensor dLogits) {
        Check check = new Check("cross_entropy.gradient");
        requireLogits(check, logits, labels);
        gradient(compute, check, logits, labels, lse, scale, zLoss, dLogits);
    }

    /** The same for labels that were checked already, of which some may lie outside of these columns of the vocabulary. */
    static void gradient(
            Compute compute,
            Check check,
            Tensor logits,
            Tensor labels,
            Tensor lse,
            float scale,
            float zLoss,
            Tensor dLogits) {
        int rows = check.valueRows("logits", logits);
        int columns = Check.columns(logits);
        check.elements("lse", lse, DType.F32, rows);
        check.valueRows("dLogits", dLogits);
        check.matrix("dLogits", dLogits, dLogits.dtype(), rows, columns);
        long labelsAt = labels.address();
        long lseAt = lse.address();
        CrossEntropyKernels kernels = compute.kernels().crossEntropy();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(logits);
        Tiles.Operand result = tiles.write(dLogits);
        tiles.run(
                check.operation(),
                4.0 * logits.count(),
                rows,
                tile -> kernels.gradient(
                        tile.of(input),
                        tile.perRow(labelsAt),
                        tile.perRow(lseAt),
                        scale,
                        zLoss,
                        tile.of(result),
                        tile.rows(),
                        columns));
    }

    /**
     * {@link #forward} and {@link #gradient} at once, faster: a row's exponentials are computed once. The gradient
     * may differ from that of {@link #gradient} in its last bits.
     */
    public static void forwardGradient(
            Compute compute,
            Tensor logits,
            Tensor labels,
            float scale,
            float zLoss,
            Tensor lse,
            Tensor loss,
            Tensor dLogits) {
        Check check = new Check("cross_entropy.forward_gradient");
        int rows = requireLogits(check, logits, labels);
        int columns = Check.columns(logits);
        check.elements("lse", lse, DType.F32, rows);
        check.elements("loss", loss, DType.F32, rows);
        check.valueRows("dLogits", dLogits);
        check.matrix("dLogits", dLogits, dLogits.dtype(), rows, columns);
        long labelsAt = labels.address();
        long lseAt = lse.address();
        long lossAt = loss.address();
        CrossEntropyKernels kernels = compute.kernels().crossEntropy();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(logits);
        Tiles.Operand result = tiles.write(dLogits);
        tiles.run(
                check.operation(),
                6.0 * logits.count(),
                rows,
                tile -> kernels.forwardGradient(
                        tile.of(input),
                        tile.perRow(labelsAt),
                        scale,
                        zLoss,
                        tile.perRow(lseAt),
                        tile.perRow(lossAt),
                        tile.of(result),
                        tile.rows(),
                        columns));
    }
}
