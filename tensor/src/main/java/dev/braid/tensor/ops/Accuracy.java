package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CrossEntropyKernels;

/**
 * How often the label's logit is above all others, the top-1 accuracy. A logit that equals the largest other one is no answer, nor is
 * NaN; so a model whose logits are all alike has 0. Ranks may each have some columns of the vocabulary.
 */
public final class Accuracy {
    /** Figures a row that each rank tells the others: the logit of the label or minus infinity, and the largest other one. */
    public static final int FIGURES = 2;

    private Accuracy() {}

    /**
     * Sets {@code figures} to what this rank has of its logits.
     *
     * @param logits F32 [r, columns of this rank]
     * @param labels I32 [r] as columns of this rank, {@link DividedCrossEntropy#ELSEWHERE} or {@link CrossEntropy#IGNORED}
     * @param figures F32 [{@link #FIGURES}, r]
     */
    public static void figures(Compute compute, Tensor logits, Tensor labels, Tensor figures) {
        Check check = new Check("accuracy.figures");
        check.floats("logits", logits);
        int rows = check.valueRows("logits", logits);
        int columns = Check.columns(logits);
        check.elements("labels", labels, DType.I32, rows);
        check.elements("figures", figures, DType.F32, (long) FIGURES * rows);
        long labelsAt = labels.address();
        long targetsAt = figures.address();
        long othersAt = targetsAt + (long) rows * Float.BYTES;
        CrossEntropyKernels kernels = compute.kernels().crossEntropy();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(logits);
        tiles.run(check.operation(), logits.count(), rows, tile -> {
            long values = tile.of(input);
            long local = tile.perRow(labelsAt);
            long targets = tile.perRow(targetsAt);
            kernels.largestOther(values, local, tile.perRow(othersAt), tile.rows(), columns);
            for (int row = 0; row < tile.rows(); row++) {
                int label = Addresses.getInt(local, row);
                boolean here = label >= 0 && label < columns;
                float logit = here ? Addresses.getFloat(values, (long) row * columns + label) : Float.NEGATIVE_INFINITY;
                Addresses.setFloat(targets, row, logit);
            }
        });
    }

    /**
     * The number of rows whose label is above all others.
     *
     * @param ranks number of ranks
     * @param figures F32 [ranks, {@link #FIGURES}, r], from {@link #figures}
     * @param labels I32 [r] of any rank
     */
    public static long count(int ranks, Tensor figures, Tensor labels) {
        Check check = new Check("accuracy.count");
        int rows = Math.toIntExact(labels.count());
        check.elements("figures", figures, DType.F32, (long) ranks * FIGURES * rows);
        check.elements("labels", labels, DType.I32, rows);
        long figuresAt = figures.address();
        long labelsAt = labels.address();
        long correct = 0;
        for (int row = 0; row < rows; row++) {
            float target = Float.NEGATIVE_INFINITY;
            float other = Float.NEGATIVE_INFINITY;
            for (int rank = 0; rank < ranks; rank++) {
                long first = (long) rank * FIGURES * rows + row;
                target = Math.max(target, Addresses.getFloat(figuresAt, first));
                other = Math.max(other, Addresses.getFloat(figuresAt, first + rows));
            }
            correct += Addresses.getInt(labelsAt, row) != CrossEntropy.IGNORED && target > other ? 1 : 0;
        }
        return correct;
    }
}
