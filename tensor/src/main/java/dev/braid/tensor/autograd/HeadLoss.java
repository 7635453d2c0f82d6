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
import java.util.function.Consumer;
import java.util.stream.Stream;

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
    private Optional<Tensor> logSum = Optional.empty();
    private Optional<Tensor> passed = Optional.empty();

    /**
     * What one head is to answer right.
     *
     * @param x [n, D] after a norm; a rank of the tensor axis has its share of the rows
     * @param labels I32 [n] of all rows, -100 is ignored
     * @param scale of the gradient
     */
    public record Target(Variable x, Tensor labels, float scale) {}

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
        return of(tape, List.of(new Target(x, labels, scale)), head, zLoss, transform)
                .getFirst();
    }

    /**
     * Several losses through the same head, each as {@link #of}. The gradient of the head adds them up in their order, whether its
     * half waits or not.
     *
     * @return the unscaled sum of each
     */
    public static List<Double> of(Tape tape, List<Target> targets, Weight head, float zLoss, LogitTransform transform) {
        List<HeadLoss> losses = new ArrayList<>();
        List<Double> sums = new ArrayList<>();
        for (Target target : targets) {
            HeadLoss loss = new HeadLoss(tape, target.x, head, target.labels, target.scale, zLoss, transform);
            losses.add(loss);
            sums.add(loss.forward(false).loss());
        }
        if (tape.recording()) {
            record(losses);
        }
        return sums;
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
        Tensor logSums = tape.output(DType.F32, Shape.of(tokens));
        logSum = Optional.of(logSums);
        boolean gradients = tape.recording();
        long correct = 0;
        Optional<Tensor> partial = gradients && x.differentiable() ? Optional.of(roomForGradient()) : Optional.empty();
        try (GatheredRows rows = GatheredRows.of(tape, x);
                HeadChunk work = new HeadChunk(tape, rows.await(), head, losses, transform, chunk)) {
            for (int from = 0; from < tokens; from += chunk) {
                work.logits(from);
                work.loss(logSums, loss);
                if (counts) {
                    correct += work.correct();
                }
                if (gradients) {
                    work.logitGradient(logSums, scale);
                    partial.ifPresent(work::inputGradient);
                    if (!tape.deferred()) {
                        work.weightGradient();
                    }
                }
            }
        }
        double sum = Elementwise.sum(compute, loss);
        loss.release();
        passed = partial.map(this::ownRows);
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

    /** What backward comes to last has the weight half of all: it adds in the order of forward. */
    private static void record(List<HeadLoss> losses) {
        HeadLoss first = losses.getFirst();
        boolean waits = first.tape.deferred();
        List<Tensor> read = losses.stream()
                .limit(waits ? losses.size() : 1)
                .flatMap(loss -> Stream.of(loss.x.value(), loss.labels, loss.logSum.orElseThrow()))
                .toList();
        first.record(read, waits ? gradient -> losses.forEach(HeadLoss::addWeightGradient) : null);
        losses.stream().skip(1).forEach(loss -> loss.record(List.of(), null));
    }

    private void record(List<Tensor> read, Consumer<Tensor> weights) {
        List<Tensor> saved = new ArrayList<>(read);
        passed.ifPresent(saved::add);
        Tensor marker = tape.temporary(DType.F32, Shape.of());
        Variable root = tape.record(
                marker, saved, gradient -> passed.ifPresent(tensor -> tape.addGradient(x, tensor.retain())), weights);
        // The loss is where backward starts: it is its own gradient's root.
        root.setGradient(marker);
        passed.ifPresent(Tensor::release);
    }

    private void addWeightGradient() {
        Tensor logSums = logSum.orElseThrow();
        try (GatheredRows rows = GatheredRows.of(tape, x);
                HeadChunk work = new HeadChunk(tape, rows.await(), head, losses, transform, chunk)) {
            for (int from = 0; from < tokens; from += chunk) {
                work.logits(from);
                work.logitGradient(logSums, scale);
                work.weightGradient();
            }
        }
    }
}
