package dev.braid.tensor.autograd;

import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Unit;
import java.util.List;

/** Counts what units ask for. */
final class CompleteUnits implements ParameterStore {
    /** Values that were needed and not released. */
    int needed;

    /** Gradients that were complete. */
    int complete;

    @Override
    public void needValues(Unit unit) {
        needed++;
    }

    @Override
    public void releaseValues(Unit unit) {
        needed--;
    }

    @Override
    public void gradientComplete(Unit unit) {
        complete++;
    }

    @Override
    public List<Parameter> parameters() {
        return List.of();
    }

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
