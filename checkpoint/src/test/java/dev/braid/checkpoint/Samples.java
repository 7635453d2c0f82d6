package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;

/** Small tensors and states for the tests. */
final class Samples {
    private Samples() {}

    /** An F32 vector of {@code count} elements: first, first + 1, ... */
    static Tensor ascending(Memory memory, int first, int count) {
        Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(count));
        for (int i = 0; i < count; i++) {
            tensor.set(i, first + i);
        }
        return tensor;
    }

    static ObjectNode state(String key, long value) {
        return JsonNodeFactory.instance.objectNode().put(key, value);
    }

    /** Writes a checkpoint with the one tensor {@code w} = [step, step + 1, step + 2]. */
    static void write(Checkpoints checkpoints, long step) throws IOException {
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(step)) {
            writer.add("w", ascending(memory, (int) step, 3));
            writer.commit(state("sample", 10 * step));
        }
    }

    /** All elements of the F32 tensor {@code name}. */
    static float[] floats(CheckpointReader reader, String name) throws IOException {
        try (Memory memory = new Memory()) {
            Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, reader.shape(name));
            reader.load(name, tensor);
            return tensor.toFloats();
        }
    }
}
