package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.braid.tensor.ops.CounterRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Each router against its formula in f64 on 200 random cases. Logits are multiples of a half, so that many are equal; every third case
 * has an expert that nobody wants, every fourth is a single token.
 */
class RouterReferenceTest {
    private static final int CASES = 200;
    private static final double TOLERANCE = 2e-6;

    private record Case(int seed, Random random, int experts, int count, double[][] logits) {
        static Case of(int seed) {
            Random random = new Random(seed);
            int experts = 1 + random.nextInt(12);
            int tokens = seed % 4 == 0 ? 1 : 2 + random.nextInt(90);
            double[][] logits = matrix(random, tokens, experts);
            if (seed % 3 == 0) {
                Arrays.stream(logits).forEach(row -> row[experts / 2] = -30);
            }
            return new Case(seed, random, experts, 1 + random.nextInt(experts), logits);
        }

        static double[][] matrix(Random random, int tokens, int experts) {
            double[][] matrix = new double[tokens][experts];
            for (double[] row : matrix) {
                Arrays.setAll(row, e -> Math.round(random.nextGaussian() * 3) / 2.0);
            }
            return matrix;
        }

        double[] bias() {
            double[] bias = new double[experts];
            Arrays.setAll(bias, e -> random.nextInt(5) / 16.0);
            return bias;
        }
    }

    /** What a token should get. */
    private record Expected(int[] experts, double[] weights, double[] probabilities) {}

    private static void assertTokens(Case example, Selection selection, IntFunction<Expected> token) {
        int[][] experts = RoutingFixture.ints(selection.experts());
        double[][] weights = RoutingFixture.doubles(selection.weights());
        double[][] probabilities = RoutingFixture.doubles(selection.probabilities());
        for (int t = 0; t < experts.length; t++) {
            Expected expected = token.apply(t);
            if (!Arrays.equals(experts[t], expected.experts())) {
                fail(
                        "token %d of case %d goes to %s, expected %s",
                        t, example.seed(), Arrays.toString(experts[t]), Arrays.toString(expected.experts()));
            }
            assertClose("weights", example, t, weights[t], expected.weights());
            assertClose("probabilities", example, t, probabilities[t], expected.probabilities());
        }
    }

    private static void assertClose(String what, Case example, int token, double[] actual, double[] expected) {
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= TOLERANCE)) {
                fail(
                        "%s of token %d in case %d are %s, expected %s",
                        what, token, example.seed(), Arrays.toString(actual), Arrays.toString(expected));
            }
        }
    }

    @Test
    void shouldTakeTheMostLikelyOfASoftmax() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            for (int seed = 0; seed < CASES; seed++) {
                Case example = Case.of(seed);
                double[] bias = example.bias();
                boolean renormalise = seed % 2 == 0;
                Router.Inputs inputs = fixture.biased(fixture.inputs(example.logits()), bias);
                Selection selection = fixture.route(new SoftmaxRouter(example.count(), renormalise, 1.5f), inputs);
                double[][] rounded = RoutingFixture.doubles(selection.probabilities());
                assertTokens(example, selection, t -> {
                    double[] p = PlainRouting.softmax(example.logits()[t]);
                    // By the rounded probabilities: sums with a bias may be nearer to each other than f32 can tell.
                    int[] experts =
                            PlainRouting.best(p.length, example.count(), e -> (float) rounded[t][e] + (float) bias[e]);
                    return new Expected(experts, PlainRouting.weights(p, experts, renormalise, 1.5), p);
                });
            }
        }
    }

    @Test
    void shouldTakeTheBestSigmoidsOfTheBestGroups() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            for (int seed = 0; seed < CASES; seed++) {
                Random random = new Random(seed);
                int groups = 1 + random.nextInt(4);
                int kept = 1 + random.nextInt(groups);
                int size = 1 + random.nextInt(4);
                int count = 1 + random.nextInt(kept * size);
                double[][] logits = Case.matrix(random, seed % 4 == 0 ? 1 : 40, groups * size);
                Case example = new Case(seed, random, groups * size, count, logits);
                double[] bias = example.bias();
                boolean renormalise = seed % 2 == 0;
                Router.Inputs inputs = fixture.biased(fixture.inputs(logits), bias);
                Router router = new SigmoidRouter(count, renormalise, 2.5f, groups, kept);
                assertTokens(example, fixture.route(router, inputs), t -> {
                    double[] gates = PlainRouting.sigmoid(logits[t]);
                    int[] experts = PlainRouting.withinGroups(gates, bias, count, groups, kept);
                    double[] weights = PlainRouting.weights(gates, experts, renormalise, 2.5);
                    return new Expected(experts, weights, PlainRouting.overSum(gates));
                });
            }
        }
    }

    @Test
    void shouldTakeTheBestUnderNoise() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            for (int seed = 0; seed < CASES; seed++) {
                Case example = Case.of(seed);
                double[][] raw = Case.matrix(example.random(), example.logits().length, example.experts());
                boolean training = seed % 5 != 0;
                Router.Inputs noisyInputs = fixture.inputs(example.logits(), raw);
                Router.Inputs inputs = training ? noisyInputs : RoutingFixture.quiet(noisyInputs);
                assertTokens(example, fixture.route(new NoisyTopKRouter(example.count()), inputs), t -> {
                    double[] noisy = training ? noisy(example.logits(), raw, t) : example.logits()[t];
                    int[] experts = PlainRouting.best(noisy.length, example.count(), e -> noisy[e]);
                    double[] p = PlainRouting.softmax(noisy);
                    return new Expected(experts, PlainRouting.weights(p, experts, true, 1), p);
                });
            }
        }
    }

    /** {@code clean + N(0,1) softplus(raw)} of a token, with the numbers that the seed gives. */
    static double[] noisy(double[][] clean, double[][] raw, int token) {
        int experts = clean[token].length;
        double[] noisy = new double[experts];
        Arrays.setAll(noisy, e -> {
            double drawn = CounterRandom.normal(RoutingFixture.SEED, "router.noise", (long) token * experts + e);
            return clean[token][e] + drawn * PlainRouting.softplus(raw[token][e]);
        });
        return noisy;
    }

    @Test
    void shouldLetExpertsTakeTheirBestTokens() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            for (int seed = 0; seed < CASES; seed++) {
                Case example = Case.of(seed);
                int tokens = example.logits().length;
                double factor = example.count() / 2.0;
                int capacity = (int) Math.min(tokens, Math.ceil(factor * tokens / example.experts()));
                Selection selection = fixture.route(new ExpertChoiceRouter(factor), fixture.inputs(example.logits()));
                double[][] rounded = RoutingFixture.doubles(selection.probabilities());
                int[][] experts = new int[tokens][example.experts()];
                Arrays.stream(experts).forEach(row -> Arrays.fill(row, Selection.NONE));
                for (int e = 0; e < example.experts(); e++) {
                    int expert = e;
                    for (int token : PlainRouting.best(tokens, capacity, t -> rounded[t][expert])) {
                        experts[token][e] = e;
                    }
                }
                assertTokens(example, selection, t -> {
                    double[] p = PlainRouting.softmax(example.logits()[t]);
                    return new Expected(experts[t], PlainRouting.weights(p, experts[t], false, 1), p);
                });
                assertThat(RoutingFixture.counts(selection)).containsOnly(capacity);
            }
        }
    }

    @Test
    void shouldLookExpertsUpByTheTokenId() {
        int ids = 60;
        try (RoutingFixture fixture = new RoutingFixture()) {
            for (int seed = 0; seed < CASES; seed++) {
                Case example = Case.of(seed);
                int[] tokens =
                        example.random().ints(example.logits().length, 0, ids).toArray();
                Router router = new HashRouter(example.count(), seed);
                int[][] table = RoutingFixture.ints(fixture.route(
                                router,
                                fixture.inputs(
                                        List.of(),
                                        example.experts(),
                                        IntStream.range(0, ids).toArray()))
                        .experts());
                Selection selection = fixture.route(router, fixture.inputs(List.of(), example.experts(), tokens));
                assertTokens(example, selection, t -> {
                    int[] experts = table[tokens[t]];
                    double[] weights = new double[example.count()];
                    Arrays.fill(weights, 1.0 / example.count());
                    double[] p = new double[example.experts()];
                    Arrays.stream(experts).forEach(e -> p[e] = 1.0 / example.count());
                    return new Expected(experts, weights, p);
                });
            }
        }
    }
}
