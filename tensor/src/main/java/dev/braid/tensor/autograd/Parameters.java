package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Parameter.Initialization;
import dev.braid.tensor.ops.CounterRandom;
import dev.braid.tensor.ops.Elementwise;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The parameters of one rank: declares them, allocates them, draws their first values. */
public final class Parameters {
    /** A parameter before it has memory. */
    public record Spec(String name, Shape shape, Initialization initialization) {}

    private final Compute compute;
    private final DType matrixDtype;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Set<String> names = new HashSet<>();

    /** Parameters whose matrices are read by operations in {@code matrixDtype}; vectors are read in F32 always. */
    public Parameters(Compute compute, DType matrixDtype) {
        this.compute = compute;
        this.matrixDtype = matrixDtype;
    }

    /** Declares one parameter. */
    public Weight add(String name, Shape shape, Initialization initialization) {
        return pack(List.of(new Spec(name, shape, initialization)));
    }

    /** Declares parameters that lie row upon row in one block and are read as one weight. */
    public Weight pack(List<Spec> specs) {
        Shape first = specs.getFirst().shape();
        boolean matrix = first.rank() >= 2;
        long rows = 0;
        for (Spec spec : specs) {
            if (!names.add(spec.name())) {
                throw new IllegalArgumentException("two parameters are named " + spec.name());
            }
            rows += spec.shape().extent(0);
        }
        long[] extents = first.toArray();
        extents[0] = rows;
        Shape whole = Shape.of(extents);
        Tensor master = compute.memory().zeros(Category.PARAMETERS, DType.F32, whole);
        Tensor gradient = compute.memory().zeros(Category.GRADIENTS, DType.F32, whole);
        boolean copy = matrix && matrixDtype != DType.F32;
        Tensor values = copy ? compute.memory().zeros(Category.PARAMETERS, matrixDtype, whole) : master;
        long row = 0;
        for (Spec spec : specs) {
            long count = spec.shape().extent(0);
            Tensor part = master.rows(row, count);
            parameters.add(new Parameter(
                    spec.name(),
                    part,
                    gradient.rows(row, count),
                    copy ? values.rows(row, count) : part,
                    spec.initialization()));
            row += count;
        }
        parameters.sort(Comparator.comparing(Parameter::name));
        return new Weight(values, gradient);
    }

    /** All parameters in the order of their global names. */
    public List<Parameter> all() {
        return List.copyOf(parameters);
    }

    /** Number of elements of all parameters. */
    public long count() {
        return parameters.stream()
                .mapToLong(parameter -> parameter.shape().count())
                .sum();
    }

    /** Draws every parameter anew: a value depends only on the seed, the parameter's name and the element's index. */
    public void initialize(long seed) {
        for (Parameter parameter : parameters) {
            switch (parameter.initialization()) {
                case Initialization.Normal normal ->
                    CounterRandom.normal(
                            compute, parameter.master(), seed, parameter.name(), 0, normal.standardDeviation(), 0);
                case Initialization.Constant constant -> fill(parameter.master(), constant.value());
            }
        }
        refreshCompute();
    }

    /** Rounds the master values into the copies that operations read. Call after the masters were set from outside. */
    public void refreshCompute() {
        for (Parameter parameter : parameters) {
            if (parameter.hasComputeCopy()) {
                Elementwise.convert(compute, parameter.master(), parameter.compute());
            }
        }
    }

    /** Sets all gradients to zero. */
    public void zeroGradients() {
        for (Parameter parameter : parameters) {
            parameter.gradient().zero();
        }
    }

    private static void fill(Tensor tensor, float value) {
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, value);
        }
    }
}
