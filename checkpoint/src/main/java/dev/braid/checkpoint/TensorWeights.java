package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;

/** {@link Weights} over tensors in memory. */
record TensorWeights(Map<String, Tensor> tensors) implements Weights {
    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public Shape shape(String name) {
        return tensor(name).shape();
    }

    @Override
    public DType dtype(String name) {
        return tensor(name).dtype();
    }

    @Override
    public void read(String name, long from, long count, MemorySegment target) {
        tensor(name).copyTo(from, count, target);
    }

    private Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("there is no tensor \"" + name + "\" among " + tensors.keySet());
        }
        return tensor;
    }
}
