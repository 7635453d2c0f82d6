package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CrossEntropyKernels;

/**
 * {@link CrossEntropy} where each rank has the logits of some columns of the vocabulary. A rank finds the log-sum-exp of its own
 * columns and the logit of the label where it is among them; from these two figures of every rank, each has the row's loss
 * (Megatron-LM's vocabulary-parallel cross-entropy sends a maximum, a sum and a logit instead, one after the other).
 *
 * <p>There is no padding: ranks may have different numbers of columns. Padded columns would have to be masked with minus
 * infinity, or they would count in the log-sum-exp.
 */
public final class DividedCrossEntropy {
    /** The label of a row whose label is among the columns of another rank. */
    public static final int ELSEWHERE = Integer.MAX_VALUE;

    /** Figures a row that each rank tells the others: its log-sum-exp, and the logit of the label or 0. */
    public static final int FIGURES = 2;

    private static final String HINT = "; a label that does not count is " + CrossEntropy.IGNORED;

    private DividedCrossEntropy() {}

    /**
     * Sets {@code local} [n] to the columns of {@code labels} [n] among those of this rank, {@link #ELSEWHERE} or {@link
     * CrossEntropy#IGNORED}; both I32.
     *
     * @param firstColumn of this rank
     * @param columns of this rank
     * @param vocabulary columns of all ranks
     */
    public static void localLabels(Tensor labels, int firstColumn, int columns, int vocabulary, Tensor local) {
        Check check = new Check("divided_cross_entropy.local_labels");
        check.elements("labels", labels, DType.I32, labels.count());
        check.elements("local", local, DType.I32, labels.count());
        String hint = " (vocabulary size " + vocabulary + ")" + HINT;
        Blocks.requireIndices(check, "label", labels, vocabulary, CrossEntropy.IGNORED, hint);
        long labelsAt = labels.address();
        long localAt = local.address();
        for (long i = 0; i < labels.count(); i++) {
            int label = Addresses.getInt(labelsAt, i);
            int column = label - firstColumn;
            boolean here = column >= 0 && column < columns;
            Addresses.setInt(localAt, i, label == CrossEntropy.IGNORED ? label : here ? column : ELSEWHERE);
        }
    }

    /**
     * Sets {@code figures} to what this rank tells the others of its logits.
     *
     * @param logits F32 [r, columns of this rank]
     * @param local I32 [r], from {@link #localLabels}
     * @param figures F32 [{@link #FIGURES}, r]
     */
    public static void figures(Compute compute, Tensor logits, Tensor local, Tensor figures) {
        Check check = new Check("divided_cross_entropy.figures");
        int rows = requireLogits(check, logits, local);
        int columns = Check.columns(logits);
        check.elements("figures", figures, DType.F32, (long) FIGURES * rows);
        long labelsAt = local.address();
        long logSumsAt = figures.address();
        long targetsAt = logSumsAt + (long) rows * Float.BYTES;
        CrossEntropyKernels kernels = compute.kernels().crossEntropy();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(logits);
        tiles.run(check.operation(), 4.0 * logits.count(), rows, tile -> {
            long values = tile.of(input);
            long labels = tile.perRow(labelsAt);
            long targets = tile.perRow(targetsAt);
            // The kernel's loss is of no use: its place is where the logit of the label goes.
            kernels.forward(values, labels, 0, tile.perRow(logSumsAt), targets, tile.rows(), columns);
            for (int row = 0; row < tile.rows(); row++) {
                int label = Addresses.getInt(labels, row);
                boolean here = label >= 0 && label < columns;
                float logit = here ? Addresses.getFloat(values, (long) row * columns + label) : 0;
                Addresses.setFloat(targets, row, logit);
            }
        });
    }

    /**
     * Sets {@code lse} and {@code loss}, F32 [r], as {@link CrossEntropy#forward} does. The ranks' figures are combined in f64 in
     * the order of ranks, so that every rank has the same bits.
     *
     * @param ranks number of ranks
     * @param figures F32 [ranks, {@link #FIGURES}, r]
     * @param local I32 [r], from {@link #localLabels}
     */
    public static void combine(
            Compute compute, int ranks, Tensor figures, Tensor local, float zLoss, Tensor lse, Tensor loss) {
        Check check = new Check("divided_cross_entropy.combine");
        int rows = Math.toIntExact(local.count());
        check.elements("figures", figures, DType.F32, (long) ranks * FIGURES * rows);
        check.elements("local", local, DType.I32, rows);
        check.elements("lse", lse, DType.F32, rows);
        check.elements("loss", loss, DType.F32, rows);
        long figuresAt = figures.address();
        long labelsAt = local.address();
        long lseAt = lse.address();
        long lossAt = loss.address();
        Blocks.Range body = (from, count) -> {
            for (long row = from; row < from + count; row++) {
                double logSum = logSum(figuresAt, ranks, rows, row);
                double target = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    target += Addresses.getFloat(figuresAt, ((long) rank * FIGURES + 1) * rows + row);
                }
                boolean ignored = Addresses.getInt(labelsAt, row) < 0;
                Addresses.setFloat(lseAt, row, (float) logSum);
                Addresses.setFloat(lossAt, row, ignored ? 0 : (float) (logSum - target + zLoss * logSum * logSum));
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, ranks, body));
    }

    /** log(sum(exp(lse of each rank))) */
    private static double logSum(long figures, int ranks, int rows, long row) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int rank = 0; rank < ranks; rank++) {
            largest = Math.max(largest, Addresses.getFloat(figures, (long) rank * FIGURES * rows + row));
        }
        double sum = 0;
        for (int rank = 0; rank < ranks; rank++) {
            sum += StrictMath.exp(Addresses.getFloat(figures, (long) rank * FIGURES * rows + row) - largest);
        }
        return largest + StrictMath.log(sum);
    }

    /**
     * As {@link CrossEntropy#gradient} for the columns of this rank.
     *
     * @param local I32 [r], from {@link #localLabels}
     * @param lse F32 [r], over all ranks, from {@link #combine}
     */
    public static void gradient(
            Compute compute, Tensor logits, Tensor local, Tensor lse, float scale, float zLoss, Tensor dLogits) {
        Check check = new Check("divided_cross_entropy.gradient");
        requireLogits(check, logits, local);
        CrossEntropy.gradient(compute, check, logits, local, lse, scale, zLoss, dLogits);
    }

    private static int requireLogits(Check check, Tensor logits, Tensor local) {
        check.floats("logits", logits);
        int rows = check.valueRows("logits", logits);
        int columns = Check.columns(logits);
        check.elements("local", local, DType.I32, rows);
        long base = local.address();
        for (int row = 0; row < rows; row++) {
            int label = Addresses.getInt(base, row);
            check.require(
                    label >= 0 && label < columns || label == ELSEWHERE || label == CrossEntropy.IGNORED,
                    "local label " + label + " at index " + row + " is outside of 0.." + (columns - 1)
                            + " (columns of this rank)" + HINT + ", one that is not here " + ELSEWHERE);
        }
        return rows;
    }
}
