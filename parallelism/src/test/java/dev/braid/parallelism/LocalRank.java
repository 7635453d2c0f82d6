package dev.braid.parallelism;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/** One rank of a {@link LocalWorld}, as its program sees it. */
record LocalRank(int rank, Memory memory, Fabric fabric) {
    Communicator world() {
        return fabric.world();
    }

    int ranks() {
        return fabric.ranks();
    }

    Tensor floats(float... values) {
        return values(DType.F32, values);
    }

    Tensor halves(float... values) {
        return values(DType.BF16, values);
    }

    Tensor ints(int... values) {
        Tensor tensor = zeros(DType.I32, values.length);
        tensor.setInts(values);
        return tensor;
    }

    Tensor bytes(int... values) {
        Tensor tensor = zeros(DType.I8, values.length);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        return tensor;
    }

    Tensor values(DType dtype, float... values) {
        Tensor tensor = zeros(dtype, values.length);
        tensor.setFloats(values);
        return tensor;
    }

    Tensor zeros(DType dtype, long count) {
        return memory.zeros(Category.GRADIENTS, dtype, Shape.of(count));
    }
}
