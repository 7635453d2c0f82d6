package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.ops.CounterRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
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

    private static void assertToken(Case example, Selection selection, int token, int[] experts, double[] weights) {
        assertThat(RoutingFixture.ints(selection.experts())[token])
                .as("experts of token %d in case %d", token, example.seed())
                .containsExactly(experts);
        assertThat(RoutingFixture.doubles(selection.weights())[token])
                .as("weights of token %d in case %d", token, example.seed())
                .containsExactly(weights, within(TOLERANCE));
    }

    private static void assertProbabilities(Case example, Selection selection, int token, double[] expected) {
        assertThat(RoutingFixture.doubles(selection.probabilities())[token])
                .as("probabilities of token %d in case %d", token, example.seed())
                .containsExactly(expected, within(TOLERANCE));
    }

    @Test
    void shouldTakeTheMostLikelyOfASoftmax() {
        for (int seed = 0; seed < CASES; seed++) {
            Case example = Case.of(seed);
            double[] bias = example.bias();
            boolean renormalise = seed % 2 == 0;
            try (RoutingFixture fixture = new RoutingFixture()) {
                Router.Inputs inputs = fixture.biased(fixture.inputs(example.logits()), bias);
                Selection selection = fixture.route(new SoftmaxRouter(example.count(), renormalise, 1.5f), inputs);
                double[][] made = RoutingFixture.doubles(selection.probabilities());
                for (int t = 0; t < example.logits().length; t++) {
                    double[] p = PlainRouting.softmax(example.logits()[t]);
                    // By the rounded probabilities: sums with a bias may be nearer to each other than f32 can tell.
                    double[] rounded = made[t];
                    int[] experts =
                            PlainRouting.best(p.length, example.count(), e -> (float) rounded[e] + (float) bias[e]);
                    assertProbabilities(example, selection, t, p);
                    assertToken(example, selection, t, experts, PlainRouting.weights(p, experts, renormalise, 1.5));
                }
            }
        }
    }

    @Test
    void shouldTakeTheBestSigmoidsOfTheBestGroups() {
        for (int seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            int groups = 1 + random.nextInt(4);
            int kept = 1 + random.nextInt(groups);
            int size = 1 + random.nextInt(4);
            int count = 1 + random.nextInt(kept * size);
            Case example = new Case(
                    seed, random, groups * size, count, Case.matrix(random, seed % 4 == 0 ? 1 : 40, groups * size));
            double[] bias = example.bias();
            boolean renormalise = seed % 2 == 0;
            try (RoutingFixture fixture = new RoutingFixture()) {
                Router.Inputs inputs = fixture.biased(fixture.inputs(example.logits()), bias);
                Selection selection = fixture.route(new SigmoidRouter(count, renormalise, 2.5f, groups, kept), inputs);
                for (int t = 0; t < example.logits().length; t++) {
                    double[] gates = PlainRouting.sigmoid(example.logits()[t]);
                    int[] experts = PlainRouting.withinGroups(gates, bias, count, groups, kept);
                    assertProbabilities(example, selection, t, PlainRouting.overSum(gates));
                    assertToken(example, selection, t, experts, PlainRouting.weights(gates, experts, renormalise, 2.5));
                }
            }
        }
    }

    @Test
    void shouldTakeTheBestUnderNoise() {
        for (int seed = 0; seed < CASES; seed++) {
            Case example = Case.of(seed);
            double[][] raw = Case.matrix(example.random(), example.logits().length, example.experts());
            boolean training = seed % 5 != 0;
            try (RoutingFixture fixture = new RoutingFixture()) {
                Router.Inputs inputs = fixture.inputs(example.logits(), raw);
                Selection selection = fixture.route(
                        new NoisyTopKRouter(example.count()), training ? inputs : RoutingFixture.quiet(inputs));
                for (int t = 0; t < raw.length; t++) {
                    double[] noisy = training ? noisy(example.logits(), raw, t) : example.logits()[t];
                    int[] experts = PlainRouting.best(noisy.length, example.count(), e -> (float) noisy[e]);
                    double[] p = PlainRouting.softmax(noisy);
                    assertProbabilities(example, selection, t, p);
                    assertToken(example, selection, t, experts, PlainRouting.weights(p, experts, true, 1));
                }
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
        for (int seed = 0; seed < CASES; seed++) {
            Case example = Case.of(seed);
            int tokens = example.logits().length;
            double factor = example.count() / 2.0;
            int capacity = (int) Math.min(tokens, Math.ceil(factor * tokens / example.experts()));
            try (RoutingFixture fixture = new RoutingFixture()) {
                Selection selection = fixture.route(new ExpertChoiceRouter(factor), fixture.inputs(example.logits()));
                double[][] made = RoutingFixture.doubles(selection.probabilities());
                int[][] experts = new int[tokens][example.experts()];
                Arrays.stream(experts).forEach(row -> Arrays.fill(row, Selection.NONE));
                for (int e = 0; e < example.experts(); e++) {
                    int expert = e;
                    for (int token : PlainRouting.best(tokens, capacity, t -> made[t][expert])) {
                        experts[token][e] = e;
                    }
                }
                for (int t = 0; t < tokens; t++) {
                    double[] p = PlainRouting.softmax(example.logits()[t]);
                    assertProbabilities(example, selection, t, p);
                    assertToken(example, selection, t, experts[t], PlainRouting.weights(p, experts[t], false, 1));
                }
                assertThat(RoutingFixture.counts(selection)).containsOnly(capacity);
            }
        }
    }

    @Test
    void shouldLookExpertsUpByTheTokenId() {
        for (int seed = 0; seed < CASES; seed++) {
            Case example = Case.of(seed);
            int[] tokens = IntStream.range(0, example.logits().length)
                    .map(t -> example.random().nextInt(500))
                    .toArray();
            HashRouter router = new HashRouter(example.count(), seed);
            try (RoutingFixture fixture = new RoutingFixture()) {
                Selection selection = fixture.route(router, fixture.inputs(List.of(), example.experts(), tokens));
                for (int t = 0; t < tokens.length; t++) {
                    int[] alone = RoutingFixture.ints(fixture.route(
                                    new HashRouter(example.count(), seed),
                                    fixture.inputs(List.of(), example.experts(), tokens[t]))
                            .experts())[0];
                    double[] weights = new double[example.count()];
                    Arrays.fill(weights, 1.0 / example.count());
                    assertThat(alone).doesNotHaveDuplicates();
                    assertToken(example, selection, t, alone, weights);
                    double[] p = new double[example.experts()];
                    Arrays.stream(alone).forEach(e -> p[e] = 1.0 / example.count());
                    assertProbabilities(example, selection, t, p);
                }
            }
        }
    }
}
