package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;

/** The rows of all ranks on their way to this one. */
final class GatheredRows implements AutoCloseable {
    private final Tape tape;
    private final Tensor mine;
    private final Tensor all;
    private final TensorAxis.Transfer transfer;

    private GatheredRows(Tape tape, Tensor mine, Tensor all, TensorAxis.Transfer transfer) {
        this.tape = tape;
        this.mine = mine;
        this.all = all;
        this.transfer = transfer;
    }

    /**
     * Sends for them.
     *
     * @param mine this rank's rows; not to be written before {@link #await}
     * @param tokens rows of all ranks
     */
    static GatheredRows of(Tape tape, Tensor mine, int tokens) {
        Shape shape = Shape.of(tokens, mine.shape().columns());
        Tensor all = tape.compute().memory().allocate(Category.COMMUNICATION, mine.dtype(), shape);
        return new GatheredRows(tape, mine.retain(), all, tape.axis().gatherRows(mine, all));
    }

    /** Rows that are all here. */
    static GatheredRows whole(Tape tape, Tensor all) {
        return new GatheredRows(tape, all.retain(), all.retain(), TensorAxis.Transfer.DONE);
    }

    /** Sends for the rows of {@code x}, unless they are all here. */
    static GatheredRows of(Tape tape, Variable x) {
        return x.divided() ? of(tape, x.value(), x.tokens()) : whole(tape, x.value());
    }

    /** Waits for them: [tokens, columns]. */
    Tensor await() {
        if (transfer != TensorAxis.Transfer.DONE) {
            tape.compute().profile().time("tensor.gather_rows", 0, transfer::await);
        }
        return all;
    }

    /** The same, after {@link #await}. */
    Tensor rows() {
        return all;
    }

    /** Gives the rows back; only after {@link #await}. */
    @Override
    public void close() {
        all.release();
        mine.release();
    }
}
