package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Noise that moves the choice, and the load that is expected under it. */
class NoisyTopKRouterTest {
    private static final double[][] CLEAN = {{1, 0.5, 0, -0.5}, {0, 0, 0, 0}, {-1, 2, 0.5, 1}, {3, 0, 2, 1}};
    private static final double[][] RAW = {{0, 1, 0, 1}, {0, 0, 0, 0}, {-2, -1, 0, 1}, {0.5, 0, 0.5, 0}};

    /** The chance of each expert: its noise must lift it over the k-th best of the others. */
    static double[] chances(double[] clean, double[] raw, double[] noisy, int count) {
        double[] chances = new double[clean.length];
        for (int e = 0; e < clean.length; e++) {
            int left = e;
            double[] others = IntStream.range(0, noisy.length)
                    .filter(other -> other != left)
                    .mapToDouble(other -> noisy[other])
                    .sorted()
                    .toArray();
            double threshold = count > others.length ? Double.NEGATIVE_INFINITY : others[others.length - count];
            chances[e] = threshold == Double.NEGATIVE_INFINITY
                    ? 1
                    : PlainRouting.cumulative((clean[e] - threshold) / PlainRouting.softplus(raw[e]));
        }
        return chances;
    }

    @Test
    void shouldExpectTheLoadOfNoiseDrawnAgain() {
        for (int count = 1; count <= 4; count++) {
            double[] expected = new double[4];
            for (int t = 0; t < CLEAN.length; t++) {
                double[] chances = chances(CLEAN[t], RAW[t], RouterReferenceTest.noisy(CLEAN, RAW, t), count);
                Arrays.setAll(expected, e -> expected[e] + chances[e]);
            }
            try (RoutingFixture fixture = new RoutingFixture()) {
                double[][] load = new NoisyTopKRouter(count)
                        .smoothLoad(fixture.compute(), fixture.inputs(CLEAN, RAW), 1)
                        .orElseThrow();
                assertThat(load[0]).as("%d experts a token", count).containsExactly(expected, within(1e-5));
            }
        }
    }

    @Test
    void shouldExpectALoadForEachRun() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router router = new NoisyTopKRouter(2);
            Router.Inputs inputs = fixture.inputs(CLEAN, RAW);
            double[] whole = router.smoothLoad(fixture.compute(), inputs, 1).orElseThrow()[0];
            double[][] halves = router.smoothLoad(fixture.compute(), inputs, 2).orElseThrow();
            for (int e = 0; e < whole.length; e++) {
                assertThat(halves[0][e] + halves[1][e]).isCloseTo(whole[e], within(1e-12));
            }
            assertThat(halves[0]).isNotEqualTo(halves[1]);
        }
    }

    @Test
    void shouldDrawTheSameNoiseFromTheSameSeedAndOtherNoiseFromAnother() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router router = new NoisyTopKRouter(2);
            Router.Inputs inputs = fixture.inputs(CLEAN, RAW);
            Router.Inputs other = new Router.Inputs(
                    inputs.logits(),
                    4,
                    inputs.bias(),
                    inputs.tokens(),
                    inputs.sequences(),
                    RoutingFixture.SEED + 1,
                    true);
            float[] first = fixture.route(router, inputs).probabilities().toFloats();
            assertThat(fixture.route(router, inputs).probabilities().toFloats()).isEqualTo(first);
            assertThat(fixture.route(router, other).probabilities().toFloats()).isNotEqualTo(first);
        }
    }

    @Test
    void shouldHaveNoSmoothLoadWithoutNoise() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router.Inputs inputs = RoutingFixture.quiet(fixture.inputs(CLEAN, RAW));
            assertThat(new NoisyTopKRouter(2).smoothLoad(fixture.compute(), inputs, 1))
                    .isEmpty();
        }
    }

    @Test
    void shouldKnowTheNormalDistribution() {
        assertThat(Normal.cumulative(0)).isEqualTo(0.5);
        assertThat(Normal.cumulative(1)).isCloseTo(0.8413447460685429, within(1e-15));
        assertThat(Normal.cumulative(-2)).isCloseTo(0.0227501319481792, within(1e-15));
        assertThat(Normal.cumulative(6)).isCloseTo(0.9999999990134123, within(1e-15));
        assertThat(Normal.cumulative(-40)).isZero();
        assertThat(Normal.cumulative(Double.POSITIVE_INFINITY)).isEqualTo(1);
        assertThat(Normal.density(0)).isCloseTo(0.3989422804014327, within(1e-15));
    }
}
