package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The gradient of {@code sum(weights * a) + sum(probabilities * b)} by the logits, the experts as they were chosen, against central
 * differences of the formula in f64. b is the same for the tokens of each of two runs.
 */
class RouterGradientTest {
    private static final int TOKENS = 6;
    private static final int EXPERTS = 6;
    private static final int SLOTS = 3;
    private static final double TOLERANCE = 2e-6;

    /** Weights and probabilities of a token with these logits. */
    private interface Formula {
        double[][] of(double[] logits, int[] experts);
    }

    private final Random random = new Random(5);
    private final double[][] logits = matrix(TOKENS, EXPERTS);
    private final double[][] b = matrix(2, EXPERTS);

    private double[][] matrix(int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        // Numbers of f32, so that the router sees the same.
        Arrays.stream(matrix).forEach(row -> Arrays.setAll(row, i -> (float) random.nextGaussian()));
        return matrix;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    /** What the router passes to each of its logits. */
    private static List<double[][]> passed(
            RoutingFixture fixture, Router router, Router.Inputs inputs, Selection selection, Router.Gradients of) {
        List<Tensor> passed = new ArrayList<>();
        router.matrices().forEach(name -> passed.add(fixture.zeros(DType.F32, inputs.count(), inputs.experts())));
        router.gradient(fixture.compute(), inputs, selection, of, passed);
        return passed.stream().map(RoutingFixture::doubles).toList();
    }

    private void check(Router router, Formula formula) {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router.Inputs inputs = fixture.inputs(logits);
            Selection selection = fixture.route(router, inputs);
            int[][] experts = RoutingFixture.ints(selection.experts());
            double[][] a = matrix(TOKENS, experts[0].length);
            double[][] expected = PlainRouting.gradient(logits, moved -> {
                double sum = 0;
                for (int t = 0; t < TOKENS; t++) {
                    double[][] made = formula.of(moved[t], experts[t]);
                    sum += dot(made[0], a[t]) + dot(made[1], b[t / (TOKENS / 2)]);
                }
                return sum;
            });
            Router.Gradients gradients = new Router.Gradients(fixture.floats(a), fixture.floats(b), Optional.empty());
            assertClose(passed(fixture, router, inputs, selection, gradients).getFirst(), expected);
        }
    }

    private static void assertClose(double[][] actual, double[][] expected) {
        for (int t = 0; t < expected.length; t++) {
            assertThat(actual[t]).as("token %d", t).containsExactly(expected[t], within(TOLERANCE));
        }
    }

    @Test
    void shouldDifferentiateASoftmax() {
        for (boolean renormalise : new boolean[] {true, false}) {
            check(new SoftmaxRouter(SLOTS, renormalise, 1.5f), (row, experts) -> {
                double[] p = PlainRouting.softmax(row);
                return new double[][] {PlainRouting.weights(p, experts, renormalise, 1.5), p};
            });
        }
    }

    @Test
    void shouldDifferentiateSigmoids() {
        for (boolean renormalise : new boolean[] {true, false}) {
            check(new SigmoidRouter(SLOTS, renormalise, 2.5f, 3, 2), (row, experts) -> {
                double[] s = PlainRouting.sigmoid(row);
                return new double[][] {PlainRouting.weights(s, experts, renormalise, 2.5), PlainRouting.overSum(s)};
            });
        }
    }

    @Test
    void shouldDifferentiateTheChoiceOfExperts() {
        check(new ExpertChoiceRouter(2), (row, experts) -> {
            double[] p = PlainRouting.softmax(row);
            return new double[][] {PlainRouting.weights(p, experts, false, 1), p};
        });
    }

    @Test
    void shouldPassNothingFromATable() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router router = new HashRouter(2, 0);
            Router.Inputs inputs = fixture.inputs(List.of(), EXPERTS, 3, 1, 4);
            Router.Gradients gradients = new Router.Gradients(
                    fixture.floats(matrix(3, 2)), fixture.floats(matrix(1, EXPERTS)), Optional.empty());
            assertThat(passed(fixture, router, inputs, fixture.route(router, inputs), gradients))
                    .isEmpty();
        }
    }

    @Test
    void shouldDifferentiateNoiseAndTheSmoothLoad() {
        double[][] raw = matrix(TOKENS, EXPERTS);
        double[][] load = matrix(2, EXPERTS);
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router router = new NoisyTopKRouter(SLOTS);
            Router.Inputs inputs = fixture.inputs(logits, raw);
            Selection selection = fixture.route(router, inputs);
            int[][] experts = RoutingFixture.ints(selection.experts());
            double[][] a = matrix(TOKENS, SLOTS);
            Router.Gradients gradients =
                    new Router.Gradients(fixture.floats(a), fixture.floats(b), Optional.of(fixture.floats(load)));
            List<double[][]> passed = passed(fixture, router, inputs, selection, gradients);
            assertClose(passed.get(0), PlainRouting.gradient(logits, moved -> noisy(moved, raw, experts, a, load)));
            assertClose(passed.get(1), PlainRouting.gradient(raw, moved -> noisy(logits, moved, experts, a, load)));
        }
    }

    private double noisy(double[][] clean, double[][] raw, int[][] experts, double[][] a, double[][] load) {
        double sum = 0;
        for (int t = 0; t < TOKENS; t++) {
            double[] noisy = RouterReferenceTest.noisy(clean, raw, t);
            double[] p = PlainRouting.softmax(noisy);
            double[] chances = NoisyTopKRouterTest.chances(clean[t], raw[t], noisy, SLOTS);
            int run = t / (TOKENS / 2);
            sum += dot(PlainRouting.weights(p, experts[t], true, 1), a[t]) + dot(p, b[run]) + dot(chances, load[run]);
        }
        return sum;
    }

    @Test
    void shouldGiveTheNoiseNoGradientWithoutTraining() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router router = new NoisyTopKRouter(SLOTS);
            Router.Inputs inputs = RoutingFixture.quiet(fixture.inputs(logits, matrix(TOKENS, EXPERTS)));
            Selection selection = fixture.route(router, inputs);
            Router.Gradients gradients =
                    new Router.Gradients(fixture.floats(matrix(TOKENS, SLOTS)), fixture.floats(b), Optional.empty());
            List<double[][]> passed = passed(fixture, router, inputs, selection, gradients);
            assertClose(passed.get(1), new double[TOKENS][EXPERTS]);
            assertThat(passed.get(0)[0][0]).isNotZero();
        }
    }

    @Test
    void shouldDifferentiateTheSquareOfTheLogSum() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Tensor dLogits = fixture.floats(new double[TOKENS][EXPERTS]);
            RouterZLoss.addGradient(fixture.compute(), fixture.floats(logits), 0.5f, dLogits);
            double[][] expected = PlainRouting.gradient(
                    logits,
                    moved -> 0.5
                            * Arrays.stream(moved)
                                    .mapToDouble(row -> Math.pow(
                                            Math.log(Arrays.stream(row)
                                                    .map(Math::exp)
                                                    .sum()),
                                            2))
                                    .sum());
            assertClose(RoutingFixture.doubles(dLogits), expected);
        }
    }
}
