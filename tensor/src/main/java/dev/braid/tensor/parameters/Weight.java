package dev.braid.tensor.parameters;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.List;

/**
 * One matrix or vector as an operation sees it: one parameter, or several with the same columns stacked row upon row in one
 * block (query, key and value), so that one product serves all of them. It is the rank's part of them along the tensor axis.
 * Its tensors are there while its {@link Unit} is in use; a store may take them away in between. Used by one thread.
 */
public final class Weight {
    private final Unit unit;
    private final Shape shape;
    private final DType dtype;
    private final List<ParameterSpec> specs;
    private final List<Part> parts;
    private Tensor compute;
    private Tensor gradient;

    Weight(Unit unit, Shape shape, DType dtype, List<ParameterSpec> specs, List<Part> parts) {
        this.unit = unit;
        this.shape = shape;
        this.dtype = dtype;
        this.specs = List.copyOf(specs);
        this.parts = List.copyOf(parts);
    }

    /** The same parameters as a weight of another unit. */
    Weight tiedIn(Unit other) {
        return new Weight(other, shape, dtype, specs, parts);
    }

    /** Extents of the rank's part: [rows, columns] or [columns]. */
    public Shape shape() {
        return shape;
    }

    /** Dtype in which operations read it. */
    public DType dtype() {
        return dtype;
    }

    /** Values in the dtype that operations read. */
    public Tensor compute() {
        if (compute == null) {
            throw new IllegalStateException(
                    "the weights of " + unit.name() + " are not in memory: the unit is not in use");
        }
        return compute;
    }

    /** F32, same shape; operations add to it. */
    public Tensor gradient() {
        if (gradient == null) {
            unit.needGradient();
        }
        return gradient;
    }

    /** Rows: the outputs of a linear layer. */
    public int rows() {
        return Math.toIntExact(shape.rows());
    }

    /** Columns: the inputs of a linear layer. */
    public int columns() {
        return Math.toIntExact(shape.columns());
    }

    /** Rows of each of the parameters that lie in it, in order: columns of the parts of a packed projection. */
    public int[] partRows() {
        return parts.stream()
                .mapToInt(part -> Math.toIntExact(part.shape().extent(0)))
                .toArray();
    }

    /** Rows of the one parameter, over all ranks of the tensor axis. */
    public int allRows() {
        return Math.toIntExact(only(specs).shape().extent(0));
    }

    /** Which row of the one parameter is the first one here. */
    public int firstRow() {
        return Math.toIntExact(only(parts).from() / shape.columns());
    }

    private <T> T only(List<T> list) {
        if (list.size() != 1) {
            throw new IllegalStateException(list.size() + " parameters lie in one weight of " + unit.name()
                    + ": its rows are not those of one");
        }
        return list.getFirst();
    }

    /** For stores: where the values lie from now on; null when they are taken away. */
    public void setCompute(Tensor values) {
        compute = values;
    }

    /** For stores: where the gradient lies from now on; null when it is taken away. */
    public void setGradient(Tensor values) {
        gradient = values;
    }
}
