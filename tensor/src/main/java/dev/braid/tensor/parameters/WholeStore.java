package dev.braid.tensor.parameters;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** All parameters on one rank, always in memory. */
public final class WholeStore implements ParameterStore {
    private final List<Parameter> parameters = new ArrayList<>();
    private final List<Weight> weights = new ArrayList<>();

    /** Allocates masters, gradients and, where operations read another dtype, copies; all zero. */
    public WholeStore(Compute compute, Parameters declared) {
        for (Unit unit : declared.units()) {
            unit.setStore(this);
            for (Weight weight : unit.weights()) {
                allocate(compute, unit, weight);
            }
        }
        parameters.sort(Comparator.comparing(Parameter::name));
    }

    private void allocate(Compute compute, Unit unit, Weight weight) {
        Tensor master = compute.memory().zeros(Category.PARAMETERS, DType.F32, weight.shape());
        Tensor gradient = compute.memory().zeros(Category.GRADIENTS, DType.F32, weight.shape());
        boolean copy = weight.dtype() != DType.F32;
        Tensor values = copy ? compute.memory().zeros(Category.PARAMETERS, weight.dtype(), weight.shape()) : master;
        weight.setCompute(values);
        weight.setGradient(gradient);
        weights.add(weight);
        for (Unit.Entry entry : unit.entries()) {
            if (entry.weight() == weight) {
                long rows = entry.part().shape().extent(0);
                Tensor part = master.rows(entry.row(), rows);
                parameters.add(new Parameter(
                        entry.spec(),
                        entry.part(),
                        0,
                        part,
                        gradient.rows(entry.row(), rows),
                        copy ? values.rows(entry.row(), rows) : part,
                        new Parameter.Range(0, part.count())));
            }
        }
    }

    @Override
    public List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    @Override
    public void needValues(Unit unit) {}

    @Override
    public void releaseValues(Unit unit) {}

    @Override
    public void needGradient(Unit unit) {}

    @Override
    public void gradientComplete(Unit unit) {}

    @Override
    public void beginStep(int microbatches) {
        weights.forEach(weight -> weight.gradient().zero());
    }

    @Override
    public void beginMicrobatch() {}

    @Override
    public void finishGradients() {}

    @Override
    public void beginEvaluation() {}

    @Override
    public void publish() {}
}
