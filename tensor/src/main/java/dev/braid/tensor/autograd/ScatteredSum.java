package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;

/** A matrix of which each rank has a summand, on its way to become this rank's rows of the sum. */
final class ScatteredSum {
    private final Tape tape;
    private final Tensor partial;
    private final Tensor mine;
    private final TensorAxis.Transfer transfer;

    /** Room for a summand of {@code tokens} rows. */
    static Tensor partial(Tape tape, DType dtype, int tokens, int columns) {
        return tape.compute().memory().allocate(Category.COMMUNICATION, dtype, Shape.of(tokens, columns));
    }

    /**
     * Sends it off.
     *
     * @param partial this rank's summand, all rows; its reference is taken over
     * @param mine where this rank's rows of the sum go
     */
    ScatteredSum(Tape tape, Tensor partial, Tensor mine) {
        this.tape = tape;
        this.partial = partial;
        this.mine = mine;
        transfer = tape.axis().reduceScatterRows(partial, mine);
    }

    /** Waits for the sum and returns this rank's rows of it. */
    Tensor await() {
        tape.compute().profile().time("tensor.scatter_sum", 0, transfer::await);
        partial.release();
        return mine;
    }
}
