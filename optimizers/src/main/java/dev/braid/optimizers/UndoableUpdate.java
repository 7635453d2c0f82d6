package dev.braid.optimizers;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps what an optimizer's update changes, so that it can be undone to the bit: masters and moments of the rank's share of the
 * parameters, F32, category OPTIMIZER. Used by the rank's thread.
 */
public final class UndoableUpdate {
    /** Bytes that it holds for an element: master and both moments. */
    public static final int BYTES_AN_ELEMENT = 3 * Float.BYTES;

    private record Kept(Tensor live, Tensor copy) {}

    private final AdamW optimizer;
    private final List<Kept> all = new ArrayList<>();
    private long updates;

    /** Allocates room for the state of {@code parameters}, which are those of {@code optimizer}. */
    public UndoableUpdate(AdamW optimizer, List<Parameter> parameters, Memory memory) {
        this.optimizer = optimizer;
        for (Parameter parameter : parameters) {
            List<Tensor> live = new ArrayList<>(optimizer.state(parameter).values());
            live.add(parameter.master());
            live.forEach(tensor ->
                    all.add(new Kept(tensor, memory.allocate(Category.OPTIMIZER, DType.F32, tensor.shape()))));
        }
    }

    /** To be called before an update. */
    public void keep() {
        all.forEach(kept -> kept.copy.copyFrom(kept.live));
        updates = optimizer.updates();
    }

    /** Everything is as it was at {@link #keep}, except the values that operations read where they are copies of the masters. */
    public void undo() {
        all.forEach(kept -> kept.live.copyFrom(kept.copy));
        optimizer.setUpdates(updates);
    }
}
