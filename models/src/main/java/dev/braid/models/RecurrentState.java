package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** What a recurrent mixer keeps of one sequence: F32 tensors, zero at first, whose size does not depend on its length. */
final class RecurrentState implements MixerState {
    private final List<Tensor> tensors;

    RecurrentState(Memory memory, List<Shape> shapes) {
        tensors = shapes.stream()
                .map(shape -> memory.zeros(Category.ACTIVATIONS, DType.F32, shape))
                .toList();
    }

    /** The tensor at {@code index} where there is a state; operations read it and overwrite it. */
    static Optional<Tensor> at(Optional<RecurrentState> state, int index) {
        return state.map(present -> present.tensors.get(index));
    }

    @Override
    public void close() {
        tensors.forEach(Tensor::release);
    }
}
