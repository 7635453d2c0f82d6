package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.ops.Sequences;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Memory and two cores for routers under test. Closing checks that no workspace was kept. */
final class RoutingFixture implements AutoCloseable {
    /** Seed of noise. */
    static final long SEED = 77;

    private final Compute compute = new Compute(2, "vector", "test", KernelProviders.chosen());

    Compute compute() {
        return compute;
    }

    Tensor zeros(DType dtype, long... extents) {
        return compute.memory().zeros(Category.ACTIVATIONS, dtype, Shape.of(extents));
    }

    Tensor floats(double[][] rows) {
        Tensor tensor = zeros(DType.F32, rows.length, rows[0].length);
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < rows[row].length; column++) {
                tensor.set((long) row * rows[row].length + column, (float) rows[row][column]);
            }
        }
        return tensor;
    }

    Tensor ints(int... values) {
        Tensor tensor = zeros(DType.I32, values.length);
        tensor.setInts(values);
        return tensor;
    }

    /** Inputs of tokens 0, 1, 2, ... of one sequence, while training. */
    Router.Inputs inputs(double[][]... logits) {
        int[] tokens = new int[logits[0].length];
        Arrays.setAll(tokens, i -> i);
        List<Tensor> all = new ArrayList<>();
        for (double[][] matrix : logits) {
            all.add(floats(matrix));
        }
        return inputs(all, logits[0][0].length, tokens);
    }

    Router.Inputs inputs(List<Tensor> logits, int experts, int... tokens) {
        Sequences sequences = Sequences.of(1, zeros(DType.I32, tokens.length));
        return new Router.Inputs(logits, experts, Optional.empty(), ints(tokens), sequences, SEED, true);
    }

    /** The same with a bias. */
    Router.Inputs biased(Router.Inputs inputs, double... bias) {
        return new Router.Inputs(
                inputs.logits(),
                inputs.experts(),
                Optional.of(floats(new double[][] {bias})),
                inputs.tokens(),
                inputs.sequences(),
                inputs.seed(),
                inputs.training());
    }

    /** The same without noise. */
    static Router.Inputs quiet(Router.Inputs inputs) {
        return new Router.Inputs(
                inputs.logits(),
                inputs.experts(),
                inputs.bias(),
                inputs.tokens(),
                inputs.sequences(),
                inputs.seed(),
                false);
    }

    /** What {@code router} chooses, with the weights. */
    Selection route(Router router, Router.Inputs inputs) {
        int slots = router.slots(inputs.experts());
        Selection selection = new Selection(
                zeros(DType.I32, inputs.count(), slots),
                zeros(DType.F32, inputs.count(), slots),
                zeros(DType.F32, inputs.count(), inputs.experts()));
        router.choose(compute, inputs, selection);
        router.weigh(compute, inputs, selection);
        return selection;
    }

    static int[][] ints(Tensor matrix) {
        int columns = Math.toIntExact(matrix.shape().columns());
        int[][] rows = new int[Math.toIntExact(matrix.shape().rows())][columns];
        for (int i = 0; i < rows.length * columns; i++) {
            rows[i / columns][i % columns] = matrix.getInt(i);
        }
        return rows;
    }

    static double[][] doubles(Tensor matrix) {
        int columns = Math.toIntExact(matrix.shape().columns());
        double[][] rows = new double[Math.toIntExact(matrix.shape().rows())][columns];
        for (int i = 0; i < rows.length * columns; i++) {
            rows[i / columns][i % columns] = matrix.get(i);
        }
        return rows;
    }

    /** Tokens that chose each expert. */
    static long[] counts(Selection selection) {
        long[] counts =
                new long[Math.toIntExact(selection.probabilities().shape().columns())];
        for (int[] token : ints(selection.experts())) {
            Arrays.stream(token).filter(expert -> expert >= 0).forEach(expert -> counts[expert]++);
        }
        return counts;
    }

    /** Logits {@code 2 sin(0.7 (t+1) (e+1))} of the figures in the documents. */
    static double[][] sines(int tokens, int experts) {
        double[][] logits = new double[tokens][experts];
        for (int t = 0; t < tokens; t++) {
            for (int e = 0; e < experts; e++) {
                logits[t][e] = 2 * Math.sin(0.7 * (t + 1) * (e + 1));
            }
        }
        return logits;
    }

    @Override
    public void close() {
        try {
            assertThat(compute.memory().live(Category.WORKSPACE)).isZero();
        } finally {
            compute.close();
        }
    }
}
