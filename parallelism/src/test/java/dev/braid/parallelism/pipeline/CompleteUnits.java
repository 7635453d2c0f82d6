package dev.braid.parallelism.pipeline;

import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Unit;
import java.util.List;

/** Notes the units whose gradients are complete; their values and gradients are always there. */
record CompleteUnits(List<String> names) implements ParameterStore {
    @Override
    public void gradientComplete(Unit unit) {
        names.add(unit.name());
    }

    @Override
    public List<Parameter> parameters() {
        return List.of();
    }

    @Override
    public void needValues(Unit unit) {}

    @Override
    public void releaseValues(Unit unit) {}

    @Override
    public void needGradient(Unit unit) {}

    @Override
    public void beginStep(int microbatches) {}

    @Override
    public void beginMicrobatch() {}

    @Override
    public void nextGroup() {}

    @Override
    public void finishGradients() {}

    @Override
    public void beginEvaluation() {}

    @Override
    public void publish() {}
}
