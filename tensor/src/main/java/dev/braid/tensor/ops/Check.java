package dev.braid.tensor.ops;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;

/** Checks of operands, with messages that name the operation, the operand and what it must be. */
record Check(String operation) {
    /** The rows (product of all extents but the last) of {@code tensor}, which must be F32 or BF16 and alive. */
    int valueRows(String name, Tensor tensor) {
        requireAlive(name, tensor);
        if (!tensor.dtype().floating()) {
            throw fault(name, "an F32 or BF16 tensor", tensor);
        }
        return rows(name, tensor);
    }

    private int rows(String name, Tensor tensor) {
        require(tensor.shape().rank() >= 1, name, "a tensor of at least one dimension", tensor);
        long rows = tensor.shape().rows();
        long columns = tensor.shape().columns();
        require(
                rows <= Integer.MAX_VALUE && columns <= Integer.MAX_VALUE / 2,
                name,
                "at most 2^31-1 rows of 2^30-1 columns",
                tensor);
        return (int) rows;
    }

    /** The columns (last extent) of a tensor that passed {@link #valueRows}. */
    static int columns(Tensor tensor) {
        return (int) tensor.shape().columns();
    }

    /** {@code tensor} must be alive and have this dtype, rows (product of all extents but the last) and columns. */
    void matrix(String name, Tensor tensor, DType dtype, long rows, long columns) {
        requireAlive(name, tensor);
        boolean matches = tensor.dtype() == dtype
                && tensor.shape().rank() >= 1
                && tensor.shape().columns() == columns
                && tensor.count() == rows * columns;
        require(matches, name, dtype + " with " + rows + " rows of " + columns + " columns", tensor);
    }

    /** {@code tensor} must be alive and have {@code dtype} and {@code count} elements, in any shape. */
    void elements(String name, Tensor tensor, DType dtype, long count) {
        requireAlive(name, tensor);
        require(
                tensor.dtype() == dtype && tensor.count() == count,
                name,
                dtype + " with " + count + (count == 1 ? " element" : " elements"),
                tensor);
    }

    /** {@code tensor} must be alive, F32 or BF16, and have {@code count} elements. */
    void values(String name, Tensor tensor, long count) {
        requireAlive(name, tensor);
        require(
                tensor.dtype().floating() && tensor.count() == count,
                name,
                "F32 or BF16 with " + count + (count == 1 ? " element" : " elements"),
                tensor);
    }

    /** {@code tensor} must be alive and F32. */
    void floats(String name, Tensor tensor) {
        requireAlive(name, tensor);
        require(tensor.dtype() == DType.F32, name, "F32", tensor);
    }

    private void requireAlive(String name, Tensor tensor) {
        if (tensor == null) {
            throw new IllegalArgumentException(operation + ": " + name + " is missing (null)");
        }
        if (!tensor.alive()) {
            throw new IllegalStateException(operation + ": " + name + " " + tensor
                    + " was released; retain it for as long as an operation may use it");
        }
    }

    void require(boolean holds, String name, String expected, Tensor actual) {
        if (!holds) {
            throw fault(name, expected, actual);
        }
    }

    private IllegalArgumentException fault(String name, String expected, Tensor actual) {
        return new IllegalArgumentException(operation + ": " + name + " must be " + expected + ", but is " + actual);
    }

    /** Any other rule. */
    void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(operation + ": " + message);
        }
    }
}
