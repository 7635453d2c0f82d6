package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.DividedCrossEntropy;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Output head and cross-entropy in one operation that never holds the logits of more than a chunk of rows. Where gradients
 * are wanted, the same pass that makes a chunk's logits also makes its gradients: three products in all, as many as with
 * all logits in memory. With a weight queue the weight half makes its chunks' logits again instead.
 *
 * <p>Ranks of the tensor axis divide the vocabulary: each gathers all rows, makes its columns of the logits, and all have the
 * same loss.
 */
public final class HeadLoss {
    /** Elements of one chunk of logits; large enough for full speed of the products, small beside the activations. */
    private static final long CHUNK = 1L << 23;

    private static final int SMALLEST_CHUNK_ROWS = 64;

    private final Tape tape;
    private final Compute compute;
    private final Variable x;
    private final Weight head;
    private final Tensor labels;
    private final RowLosses losses;
    private final float scale;
    private final LogitTransform transform;
    private final int tokens;
    private final int chunk;

    private HeadLoss(
            Tape tape, Variable x, Weight head, Tensor labels, float scale, float zLoss, LogitTransform transform) {
        this.tape = tape;
        this.compute = tape.compute();
        this.x = x;
        this.head = head;
        this.scale = scale;
        this.transform = transform;
        this.tokens = x.tokens();
        if (tape.axis().ranks() == 1) {
            this.labels = labels;
            this.losses = RowLosses.whole(compute, labels, zLoss);
        } else {
            this.labels = tape.output(DType.I32, Shape.of(tokens));
            DividedCrossEntropy.localLabels(labels, head.firstRow(), head.rows(), head.allRows(), this.labels);
            this.losses = new DividedRowLosses(compute, tape.axis(), this.labels, zLoss);
        }
        // The ranks exchange figures chunk by chunk, so all take the rows that the largest part of the vocabulary
        // allows.
        this.chunk = chunkRows(tokens, tape.axis().shares(head.allRows())[0]);
    }

    /**
     * The sum over valid rows of {@code cross-entropy + zLoss * lse^2}; its gradient is scaled by {@code scale} (one over
     * the number of valid tokens of the whole step, so that micro-batches add up to the gradient of the mean).
     *
     * @param x [n, D] after the last norm; a rank of the tensor axis has its share of the rows
     * @param head [V, D], its rows divided over the tensor axis, unevenly where they do not divide: there is no padding
     * @param labels I32 [n] of all rows, -100 is ignored
     * @return the unscaled sum, in f64 over rows in order, the same on all ranks of the tensor axis
     */
    public static double of(Tape tape, Variable x, Weight head, Tensor labels, float scale, float zLoss) {
        return of(tape, x, head, labels, scale, zLoss, LogitTransform.NONE);
    }

    /** The same for logits that are transformed before the cross-entropy. */
    public static double of(
            Tape tape, Variable x, Weight head, Tensor labels, float scale, float zLoss, LogitTransform transform) {
        return new HeadLoss(tape, x, head, labels, scale, zLoss, transform)
                .forward(false)
                .loss();
    }

    /**
     * The loss of {@link #of}, and how many rows would be answered right; on a tape that does not record.
     *
     * @throws IllegalArgumentException when the tape records
     */
    public static Evaluation evaluate(
            Tape tape, Variable x, Weight head, Tensor labels, float zLoss, LogitTransform transform) {
        if (tape.recording()) {
            throw new IllegalArgumentException("rows are counted in evaluation, and this tape records");
        }
        return new HeadLoss(tape, x, head, labels, 0, zLoss, transform).forward(true);
    }

    /**
     * What an evaluation comes to, the same on all ranks of the tensor axis.
     *
     * @param loss the sum over valid rows
     * @param correct valid rows whose label has the largest logit, see {@link dev.braid.tensor.ops.Accuracy}
     */
    public record Evaluation(double loss, long correct) {}

    private static int chunkRows(int rows, long columns) {
        return (int) Math.min(rows, Math.max(SMALLEST_CHUNK_ROWS, CHUNK / columns));
    }

    /** @param counts whether to find out what would be answered right, which is one more pass over the logits */
    private Evaluation forward(boolean counts) {
        Tensor loss = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(tokens));
        Tensor logSum = tape.output(DType.F32, Shape.of(tokens));
        boolean gradients = tape.recording();
        long correct = 0;
        Optional<Tensor> passed = gradients && x.differentiable() ? Optional.of(roomForGradient()) : Optional.empty();
        try (GatheredRows rows = GatheredRows.of(tape, x);
                HeadChunk work = new HeadChunk(tape, rows.await(), head, losses, transform, chunk)) {
            for (int from = 0; from < tokens; from += chunk) {
                work.logits(from);
                work.loss(logSum, loss);
                if (counts) {
                    correct += work.correct();
                }
                if (gradients) {
                    work.logitGradient(logSum, scale);
                    passed.ifPresent(work::inputGradient);
                    if (!tape.deferred()) {
                        work.weightGradient();
                    }
                }
            }
        }
        double sum = Elementwise.sum(compute, loss);
        loss.release();
        if (gradients) {
            record(logSum, passed.map(this::ownRows));
        }
        return new Evaluation(sum, correct);
    }

    /** For the gradient of all rows of x. */
    private Tensor roomForGradient() {
        return x.divided()
                ? ScatteredSum.partial(tape, x.value().dtype(), tokens, x.columns())
                : tape.temporary(x.value().dtype(), x.value().shape());
    }

    /** The columns of every rank add to the gradient. */
    private Tensor ownRows(Tensor partial) {
        if (!x.divided()) {
            return partial;
        }
        Tensor mine = tape.temporary(x.value().dtype(), x.value().shape());
        return new ScatteredSum(tape, partial, mine).await();
    }

    private void record(Tensor logSum, Optional<Tensor> passed) {
        Tensor marker = tape.temporary(DType.F32, Shape.of());
        List<Tensor> saved = new ArrayList<>(List.of(x.value(), labels, logSum));
        passed.ifPresent(saved::add);
        Variable root = tape.record(
                marker,
                saved,
                gradient -> passed.ifPresent(tensor -> tape.addGradient(x, tensor.retain())),
                !tape.deferred() ? null : gradient -> addWeightGradient(logSum));
        // The loss is where backward starts: it is its own gradient's root.
        root.setGradient(marker);
        passed.ifPresent(Tensor::release);
    }

    private void addWeightGradient(Tensor logSum) {
        try (GatheredRows rows = GatheredRows.of(tape, x);
                HeadChunk work = new HeadChunk(tape, rows.await(), head, losses, transform, chunk)) {
            for (int from = 0; from < tokens; from += chunk) {
                work.logits(from);
                work.logitGradient(logSum, scale);
                work.weightGradient();
            }
        }
    }
}
