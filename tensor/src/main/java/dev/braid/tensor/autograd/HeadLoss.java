package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.CrossEntropy;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * Output head and cross-entropy in one operation that never holds the logits of more than a chunk of rows. Where gradients
 * are wanted, the same pass that makes a chunk's logits also makes its gradients: three products in all, as many as with
 * all logits in memory. With a weight queue the weight half makes its chunks' logits again instead.
 */
public final class HeadLoss {
    /** Elements of one chunk of logits; large enough for full speed of the products, small beside the activations. */
    private static final long CHUNK = 1L << 23;

    private static final int SMALLEST_CHUNK_ROWS = 64;

    private HeadLoss() {}

    /**
     * The sum over valid rows of {@code cross-entropy + zLoss * lse^2}; its gradient is scaled by {@code scale} (one over
     * the number of valid tokens of the whole step, so that micro-batches add up to the gradient of the mean).
     *
     * @param x [n, D] after the last norm
     * @param head [V, D]
     * @param labels I32 [n], -100 is ignored
     * @return the unscaled sum, in f64 over rows in order
     */
    public static double of(Tape tape, Variable x, Weight head, Tensor labels, float scale, float zLoss) {
        Compute compute = tape.compute();
        int rows = x.rows();
        int vocabulary = head.rows();
        int chunk = chunkRows(rows, vocabulary);
        Tensor loss = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(rows));
        Tensor logSum = tape.output(DType.F32, Shape.of(rows));
        boolean gradients = tape.recording();
        Tensor passed = gradients && x.differentiable()
                ? tape.temporary(x.value().dtype(), x.value().shape())
                : null;
        try (Chunk work = new Chunk(tape, x.value(), head, labels, chunk)) {
            for (int from = 0; from < rows; from += chunk) {
                work.logits(from);
                work.loss(zLoss, logSum, loss);
                if (gradients) {
                    work.logitGradient(scale, zLoss, logSum);
                    if (passed != null) {
                        work.inputGradient(passed);
                    }
                    if (!tape.deferred()) {
                        work.weightGradient();
                    }
                }
            }
        }
        double sum = Elementwise.sum(compute, loss);
        loss.release();
        if (gradients) {
            record(tape, x, head, labels, scale, zLoss, logSum, passed, chunk);
        }
        return sum;
    }

    private static void record(
            Tape tape,
            Variable x,
            Weight head,
            Tensor labels,
            float scale,
            float zLoss,
            Tensor logSum,
            Tensor passed,
            int chunk) {
        Tensor marker = tape.temporary(DType.F32, Shape.of());
        List<Tensor> saved =
                passed == null ? List.of(x.value(), labels, logSum) : List.of(x.value(), labels, logSum, passed);
        Variable root = tape.record(
                marker,
                saved,
                gradient -> {
                    if (passed != null) {
                        tape.addGradient(x, passed.retain());
                    }
                },
                !tape.deferred()
                        ? null
                        : gradient -> {
                            try (Chunk work = new Chunk(tape, x.value(), head, labels, chunk)) {
                                for (int from = 0; from < x.rows(); from += chunk) {
                                    work.logits(from);
                                    work.logitGradient(scale, zLoss, logSum);
                                    work.weightGradient();
                                }
                            }
                        });
        // The loss is where backward starts: it is its own gradient's root.
        root.setGradient(marker);
        if (passed != null) {
            passed.release();
        }
    }

    private static int chunkRows(int rows, int vocabulary) {
        return (int) Math.min(rows, Math.max(SMALLEST_CHUNK_ROWS, CHUNK / vocabulary));
    }

    /** Buffers for the logits of one chunk of rows and their gradient. */
    private static final class Chunk implements AutoCloseable {
        private final Compute compute;
        private final Tensor x;
        private final Weight head;
        private final Tensor labels;
        private final int rows;
        private final Tensor logits;
        private final Tensor gradient;
        private int from;
        private int count;

        Chunk(Tape tape, Tensor x, Weight head, Tensor labels, int rows) {
            this.compute = tape.compute();
            this.x = x;
            this.head = head;
            this.labels = labels;
            this.rows = rows;
            Memory memory = compute.memory();
            Shape shape = Shape.of(rows, head.rows());
            this.logits = memory.allocate(Category.WORKSPACE, DType.F32, shape);
            this.gradient =
                    x.dtype() == DType.F32 ? logits.retain() : memory.allocate(Category.WORKSPACE, x.dtype(), shape);
        }

        void logits(int first) {
            from = first;
            count = (int) Math.min(rows, x.shape().rows() - first);
            Operations.multiply(
                    compute,
                    "head.logits",
                    count,
                    head.rows(),
                    head.columns(),
                    false,
                    true,
                    x.rows(from, count),
                    head.compute(),
                    logits.rows(0, count),
                    false);
        }

        void loss(float zLoss, Tensor logSum, Tensor loss) {
            CrossEntropy.forward(
                    compute,
                    logits.rows(0, count),
                    labels.rows(from, count),
                    zLoss,
                    logSum.rows(from, count),
                    loss.rows(from, count));
        }

        void logitGradient(float scale, float zLoss, Tensor logSum) {
            CrossEntropy.gradient(
                    compute,
                    logits.rows(0, count),
                    labels.rows(from, count),
                    logSum.rows(from, count),
                    scale,
                    zLoss,
                    gradient.rows(0, count));
        }

        void inputGradient(Tensor passed) {
            Operations.multiply(
                    compute,
                    "head.input_gradient",
                    count,
                    head.columns(),
                    head.rows(),
                    false,
                    false,
                    gradient.rows(0, count),
                    head.compute(),
                    passed.rows(from, count),
                    false);
        }

        void weightGradient() {
            Operations.multiply(
                    compute,
                    "head.weight_gradient",
                    head.rows(),
                    head.columns(),
                    count,
                    true,
                    false,
                    gradient.rows(0, count),
                    x.rows(from, count),
                    head.gradient(),
                    true);
        }

        @Override
        public void close() {
            gradient.release();
            logits.release();
        }
    }
}
