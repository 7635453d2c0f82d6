package dev.braid.models;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Parameters;
import dev.braid.tensor.ops.RopeTable;
import java.util.HashMap;
import java.util.Map;

/** What the parts of a model need while it is built. */
final class Construction {
    private record RopeKey(int headSize, double base) {}

    private final Map<RopeKey, RopeTable> ropeTables = new HashMap<>();
    private final ModelConfig model;
    private final DType dtype;
    private final Parameters parameters;
    private final Initializations init;

    Construction(ModelConfig model, Compute compute, DType dtype) {
        this.model = model;
        this.dtype = dtype;
        this.parameters = new Parameters(compute, dtype);
        this.init = Initializations.of(model);
    }

    ModelConfig model() {
        return model;
    }

    DType dtype() {
        return dtype;
    }

    Parameters parameters() {
        return parameters;
    }

    Initializations init() {
        return init;
    }

    /** The table of a base and head size; layers with the same share one. */
    RopeTable ropeTable(int headSize, double base) {
        return ropeTables.computeIfAbsent(
                new RopeKey(headSize, base), key -> new RopeTable(headSize, base, model.context()));
    }
}
