package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/** Logarithms of decays that are not learned, one for each head of a rank. */
final class FixedDecays {
    private final float[] logs;

    private FixedDecays(float[] logs) {
        this.logs = logs;
    }

    /** The logarithm of the decay of a head, by its number among those of all ranks. */
    interface Formula {
        double log(int head);
    }

    static FixedDecays of(HeadDivision heads, Formula formula) {
        float[] logs = new float[heads.count()];
        for (int head = 0; head < logs.length; head++) {
            logs[head] = (float) formula.log(heads.first() + head);
        }
        return new FixedDecays(logs);
    }

    /** F32 [heads of this rank]; the caller releases it. */
    Tensor tensor(Memory memory) {
        Tensor tensor = memory.allocate(Category.ACTIVATIONS, DType.F32, Shape.of(logs.length));
        tensor.setFloats(logs);
        return tensor;
    }
}
