package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.parameters.WholeStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;

/**
 * Gradients of an operation in F32 by central differences of {@code sum(out * d)} with random d, for all its inputs and weights.
 * The step is coarse, as f32 wants it: functions must be smooth over it.
 */
final class GradientCheck implements AutoCloseable {
    private static final double STEP = 0x1p-7;

    private final Compute compute = new Compute(2, "vector", "test", KernelProviders.chosen());
    private final Parameters parameters = new Parameters(DType.F32, 1, 0);
    private final Unit unit = parameters.unit("unit");
    private final Random random = new Random(7);
    private final List<Tensor> inputs = new ArrayList<>();
    private final List<Weight> weights = new ArrayList<>();
    private WholeStore store;

    Compute compute() {
        return compute;
    }

    /** An input of normal numbers times {@code deviation} plus {@code mean}. */
    GradientCheck input(double mean, double deviation, long... extents) {
        Tensor tensor = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(extents));
        fill(tensor, mean, deviation);
        inputs.add(tensor);
        return this;
    }

    /** Declares a weight; its values are normal. */
    Weight weight(String name, long... extents) {
        Weight weight = parameters.add(
                new ParameterSpec(name, Shape.of(extents), Division.WHOLE, new Initialization.Constant(0)));
        weights.add(weight);
        return weight;
    }

    private void fill(Tensor tensor, double mean, double deviation) {
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, (float) (mean + deviation * random.nextGaussian()));
        }
    }

    private void open() {
        if (store == null) {
            store = new WholeStore(compute, parameters);
            weights.forEach(weight -> fill(weight.compute(), 0.2, 0.5));
        }
    }

    /** What the operation gives. */
    float[] value(BiFunction<Tape, List<Variable>, Variable> operation) {
        open();
        try (Tape tape = Tape.inference(compute, DType.F32)) {
            return operation.apply(tape, leaves(tape, false)).value().toFloats();
        }
    }

    private List<Variable> leaves(Tape tape, boolean differentiable) {
        return inputs.stream().map(input -> tape.leaf(input, differentiable)).toList();
    }

    /** Checks all gradients; {@code tolerance} is relative to the largest of a tensor. */
    void check(double tolerance, BiFunction<Tape, List<Variable>, Variable> operation) {
        double[] direction = new double[value(operation).length];
        for (int i = 0; i < direction.length; i++) {
            direction[i] = random.nextGaussian();
        }
        List<float[]> gradients = new ArrayList<>();
        weights.forEach(weight -> weight.gradient().zero());
        try (Tape tape = Tape.training(compute, DType.F32)) {
            tape.enter(unit, Tape.Use.KEPT);
            List<Variable> leaves = leaves(tape, true);
            Variable out = operation.apply(tape, leaves);
            tape.leave(unit, Tape.Use.KEPT);
            Tensor seed = compute.memory()
                    .zeros(
                            Category.ACTIVATIONS,
                            out.value().dtype(),
                            out.value().shape());
            for (int i = 0; i < direction.length; i++) {
                seed.set(i, (float) direction[i]);
            }
            tape.backward(out, seed);
            for (Variable leaf : leaves) {
                Tensor gradient = leaf.passedGradient().orElseThrow();
                gradients.add(gradient.toFloats());
                gradient.release();
            }
        }
        for (int i = 0; i < inputs.size(); i++) {
            compare("input " + i, inputs.get(i), gradients.get(i), direction, tolerance, operation);
        }
        for (Weight weight : weights) {
            compare(
                    "weight " + weights.indexOf(weight),
                    weight.compute(),
                    weight.gradient().toFloats(),
                    direction,
                    tolerance,
                    operation);
        }
    }

    private void compare(
            String name,
            Tensor moved,
            float[] gradient,
            double[] direction,
            double tolerance,
            BiFunction<Tape, List<Variable>, Variable> operation) {
        double largest = 0;
        for (float value : gradient) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).as("%s has a gradient", name).isPositive();
        int stride = Math.max(1, gradient.length / 40);
        for (int i = 0; i < gradient.length; i += stride) {
            float at = moved.get(i);
            moved.set(i, (float) (at + STEP));
            double above = dot(value(operation), direction);
            moved.set(i, (float) (at - STEP));
            double below = dot(value(operation), direction);
            moved.set(i, at);
            double expected = (above - below) / (2 * STEP);
            assertThat(Math.abs(gradient[i] - expected))
                    .as("gradient %d of %s is %s, by differences %s", i, name, gradient[i], expected)
                    .isLessThanOrEqualTo(tolerance * Math.max(largest, 1));
        }
    }

    private static double dot(float[] values, double[] direction) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += values[i] * direction[i];
        }
        return sum;
    }

    @Override
    public void close() {
        inputs.forEach(Tensor::release);
        try {
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
        } finally {
            compute.close();
        }
    }
}
