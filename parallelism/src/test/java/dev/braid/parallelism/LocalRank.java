package dev.braid.parallelism;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/** One rank of a {@link LocalWorld}, as its program sees it. */
public record LocalRank(int rank, Memory memory, Fabric fabric) {
    public Communicator world() {
        return fabric.world();
    }

    public int ranks() {
        return fabric.ranks();
    }

    public Tensor floats(float... values) {
        return values(DType.F32, values);
    }

    public Tensor halves(float... values) {
        return values(DType.BF16, values);
    }

    public Tensor ints(int... values) {
        Tensor tensor = zeros(DType.I32, values.length);
        tensor.setInts(values);
        return tensor;
    }

    public Tensor bytes(int... values) {
        Tensor tensor = zeros(DType.I8, values.length);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        return tensor;
    }

    public Tensor values(DType dtype, float... values) {
        Tensor tensor = zeros(dtype, values.length);
        tensor.setFloats(values);
        return tensor;
    }

    public Tensor zeros(DType dtype, long count) {
        return memory.zeros(Category.GRADIENTS, dtype, Shape.of(count));
    }
}
