package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/** Buffers for the logits of one chunk of rows and their gradient, on the columns of the vocabulary that this rank has. */
final class HeadChunk implements AutoCloseable {
    private final Compute compute;
    private final Tensor x;
    private final Weight head;
    private final RowLosses losses;
    private final LogitTransform transform;
    private final int rows;
    private final Tensor logits;
    private final Tensor gradient;

    /** The logits over their cap, for backward. */
    private final Optional<Tensor> bounded;

    private int from;
    private int count;

    /** Chunks of at most {@code rows} rows of {@code x}, all rows [n, D]. */
    HeadChunk(Tape tape, Tensor x, Weight head, RowLosses losses, LogitTransform transform, int rows) {
        this.compute = tape.compute();
        this.x = x;
        this.head = head;
        this.losses = losses;
        this.transform = transform;
        this.rows = rows;
        Memory memory = compute.memory();
        Shape shape = Shape.of(rows, head.rows());
        this.logits = memory.allocate(Category.WORKSPACE, DType.F32, shape);
        this.gradient =
                x.dtype() == DType.F32 ? logits.retain() : memory.allocate(Category.WORKSPACE, x.dtype(), shape);
        this.bounded = tape.recording()
                ? transform.cap().map(cap -> memory.allocate(Category.WORKSPACE, DType.F32, shape))
                : Optional.empty();
    }

    /** Goes to the chunk that begins at row {@code first}. */
    void logits(int first) {
        from = first;
        count = (int) Math.min(rows, x.shape().rows() - first);
        Products.multiply(
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
        transform.forward(compute, logits.rows(0, count), bounded());
    }

    private Optional<Tensor> bounded() {
        return bounded.map(all -> all.rows(0, count));
    }

    void loss(Tensor logSum, Tensor loss) {
        losses.forward(logits.rows(0, count), from, logSum, loss);
    }

    /** How many of the chunk's rows have the label that they should. */
    long correct() {
        return losses.correct(logits.rows(0, count), from);
    }

    /** Afterwards the logits may be gone. */
    void logitGradient(Tensor logSum, float scale) {
        losses.gradient(logits.rows(0, count), from, logSum, scale * transform.scale(), gradient.rows(0, count));
        transform.backward(compute, gradient.rows(0, count), bounded());
    }

    void inputGradient(Tensor passed) {
        Products.multiply(
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
        Products.multiply(
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
        bounded.ifPresent(Tensor::release);
        gradient.release();
        logits.release();
    }
}
