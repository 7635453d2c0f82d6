package dev.braid.tensor.parameters;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All parameters on one rank, always in memory. */
public final class WholeStore implements ParameterStore {
    private final Compute compute;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Map<Weight, GradientSum> sums = new LinkedHashMap<>();

    private final List<Tie> ties = new ArrayList<>();

    /** A weight that is used at a second place, by their gradients. */
    private record Tie(GradientSum original, GradientSum again) {}

    /**
     * Allocates masters, gradients and, where operations read another dtype, copies; all zero.
     *
     * @throws IllegalArgumentException when a unit is tied to one that another rank holds: this store knows no other ranks
     */
    public WholeStore(Compute compute, Parameters declared) {
        this.compute = compute;
        for (Unit unit : declared.units()) {
            unit.original().ifPresent(original -> {
                throw new IllegalArgumentException(unit.name() + " is tied to " + original.name()
                        + ", which another rank holds: a store that exchanges gradients is needed");
            });
            unit.setStore(this);
            for (Weight weight : unit.weights()) {
                allocate(unit, weight);
            }
        }
        declared.tied().forEach(this::share);
        parameters.sort(Comparator.comparing(Parameter::name));
    }

    private void allocate(Unit unit, Weight weight) {
        Tensor master = compute.memory().zeros(Category.PARAMETERS, DType.F32, weight.shape());
        Tensor gradient = compute.memory().zeros(Category.GRADIENTS, DType.F32, weight.shape());
        boolean copy = weight.dtype() != DType.F32;
        Tensor values = copy ? compute.memory().zeros(Category.PARAMETERS, weight.dtype(), weight.shape()) : master;
        weight.setCompute(values);
        sums.put(weight, GradientSum.kept(compute, gradient, weight::setGradient));
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

    /** Gives a tied unit the values of its original, and gradients of its own. */
    private void share(Unit unit) {
        unit.setStore(this);
        List<Weight> originals = unit.original().orElseThrow().weights();
        for (int i = 0; i < originals.size(); i++) {
            Weight again = unit.weights().get(i);
            again.setCompute(originals.get(i).compute());
            GradientSum sum = GradientSum.onNeed(compute, again.shape(), again::setGradient);
            ties.add(new Tie(sums.get(originals.get(i)), sum));
            sums.put(again, sum);
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
    public void needGradient(Unit unit) {
        unit.weights().forEach(weight -> sums.get(weight).need());
    }

    @Override
    public void gradientComplete(Unit unit) {}

    @Override
    public void beginStep(int microbatches) {
        sums.values().forEach(GradientSum::begin);
    }

    @Override
    public void beginMicrobatch() {}

    @Override
    public void nextGroup() {
        sums.values().forEach(GradientSum::nextGroup);
    }

    @Override
    public void finishGradients() {
        for (Tie tie : ties) {
            tie.again.take().ifPresent(gradient -> {
                Tensor sum = tie.original.take().orElseThrow();
                Elementwise.add(compute, sum, gradient, sum);
                gradient.release();
            });
        }
        // What remains are sums that are kept: this only adds up their groups.
        sums.values().forEach(GradientSum::take);
    }

    @Override
    public void beginEvaluation() {}

    @Override
    public void publish() {}
}
