package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;

/**
 * One matrix or vector as an operation sees it: one parameter, or several with the same columns stacked row upon row in one
 * block (query, key and value), so that one product serves all of them.
 *
 * @param compute values in the dtype that operations read, [rows, columns] or [columns]
 * @param gradient F32, same shape; operations add to it
 */
public record Weight(Tensor compute, Tensor gradient) {
    /** Rows: the outputs of a linear layer. */
    public int rows() {
        return Math.toIntExact(compute.shape().rows());
    }

    /** Columns: the inputs of a linear layer. */
    public int columns() {
        return Math.toIntExact(compute.shape().columns());
    }
}
