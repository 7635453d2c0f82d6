package dev.braid.parallelism.tensor;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.parameters.WholeStore;

/** One rank of a tensor axis that runs operations; what it is given are whole matrices, of which it takes its part. */
record TensorRank(Compute compute, TensorAxis axis) {
    /** A rank of a world, all of whose ranks are the axis. The world closes its memory. */
    static TensorRank of(LocalRank rank) {
        return of(rank.memory(), new GroupTensorAxis(rank.world(), new ExposedTime()));
    }

    /** A rank alone; the caller closes its memory. */
    static TensorRank alone(Memory memory) {
        return of(memory, TensorAxis.SINGLE);
    }

    private static TensorRank of(Memory memory, TensorAxis axis) {
        return new TensorRank(new Compute(1, "vector", "test", KernelProviders.chosen(), memory), axis);
    }

    /** This rank's part of a weight. */
    Weight weight(Matrix values, Division division, DType dtype) {
        Shape shape = Shape.of(values.rows(), values.columns());
        return weight(shape, part(values, division), division, dtype);
    }

    /** This rank's part of a vector, of which the values are one row. */
    Weight vector(Matrix values, Division division) {
        Matrix part = division.equals(Division.WHOLE) ? values : part(values, Division.COLUMNS);
        return weight(Shape.of(values.columns()), part, division, DType.F32);
    }

    private Weight weight(Shape whole, Matrix part, Division division, DType dtype) {
        Parameters parameters = new Parameters(dtype, axis.ranks(), axis.rank());
        parameters.unit("test");
        Weight weight = parameters.add(new ParameterSpec("weight", whole, division, new Initialization.Constant(0)));
        new WholeStore(compute, parameters);
        weight.compute().setFloats(part.values());
        return weight;
    }

    /** This rank's part of a matrix. */
    Matrix part(Matrix whole, Division division) {
        if (division.equals(Division.WHOLE)) {
            return whole;
        }
        boolean rows = division.equals(Division.ROWS);
        long[] shares = axis.shares(rows ? whole.rows() : whole.columns());
        int from = 0;
        for (int rank = 0; rank < axis.rank(); rank++) {
            from += (int) shares[rank];
        }
        int count = (int) shares[axis.rank()];
        return rows ? whole.rows(from, count) : whole.columns(from, count);
    }

    /** A value of which each rank has its part. */
    Variable leaf(Tape tape, Matrix whole, Division division) {
        Tensor tensor = tensor(part(whole, division), tape.dtype());
        Variable leaf =
                division.equals(Division.ROWS) ? tape.dividedLeaf(tensor, whole.rows(), true) : tape.leaf(tensor, true);
        tensor.release();
        return leaf;
    }

    /** A tensor of activations with these values; the caller releases it. */
    Tensor tensor(Matrix values, DType dtype) {
        Shape shape = Shape.of(values.rows(), values.columns());
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, dtype, shape);
        tensor.setFloats(values.values());
        return tensor;
    }

    /** Bytes on all ranks of what a pass must give back; from the start, some are the fabric's own. */
    static long live(LocalWorld world) {
        return world.ranks.stream()
                .map(LocalRank::memory)
                .mapToLong(memory -> memory.live(Category.ACTIVATIONS) + memory.live(Category.COMMUNICATION))
                .sum();
    }
}
