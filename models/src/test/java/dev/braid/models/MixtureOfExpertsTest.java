package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.MemoryListener;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.routing.Capacity;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The layer against its formula in plain double loops. Choices and losses have tests of their own beside the routers. */
@Timeout(120)
class MixtureOfExpertsTest {
    private static final int DIM = 12;
    private static final int SEQUENCES = 2;
    private static final int LENGTH = 11;
    private static final int TOKENS = SEQUENCES * LENGTH;
    private static final double TOLERANCE = 1e-4;

    /** Losses as large as the rest, so that a gradient without them would be wrong. */
    private static final double SHARE = 0.5;

    private static final BalanceConfig LOSSES = new BalanceConfig(BalanceKind.SWITCH, 40, 0, 3);
    private static final BalanceConfig NO_LOSS = new BalanceConfig(BalanceKind.NONE, 0, 0, 0);

    private enum Case {
        RENORMALISED(5, 2, 6, new SoftmaxRouterConfig(true, 1), LOSSES, Optional.empty()),
        PROBABILITIES(4, 3, 7, new SoftmaxRouterConfig(false, 1.5), NO_LOSS, Optional.empty()),
        SHARED(5, 1, 6, new SoftmaxRouterConfig(false, 1), LOSSES, Optional.of(new SharedExpertConfig(5, false))),
        GATED_SHARED(
                5,
                2,
                6,
                new SoftmaxRouterConfig(true, 1),
                new BalanceConfig(BalanceKind.SEQUENCE, 40, 0, 0),
                Optional.of(new SharedExpertConfig(5, true))),
        ALL(3, 3, 6, new SoftmaxRouterConfig(true, 1), NO_LOSS, Optional.empty());

        final MoeConfig config;

        Case(
                int experts,
                int topK,
                int hidden,
                RouterConfig router,
                BalanceConfig balance,
                Optional<SharedExpertConfig> shared) {
            config = new MoeConfig(experts, topK, hidden, router, balance, shared);
        }
    }

    /** A micro-batch of half the step. */
    private static MicrobatchRouting routing(Map<Integer, int[]> replayed) {
        return new MicrobatchRouting(SHARE, 0, true, GlobalCounts.ALONE, replayed, true);
    }

    private static MicrobatchRouting routing() {
        return routing(Map.of());
    }

    private static LoneMixture.Pass train(LoneMixture lone) {
        return lone.train(SEQUENCES, LENGTH, routing(), false, Optional.empty());
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveWhatThePlainFormulaGives(Case mixture) {
        for (int[] size : new int[][] {{SEQUENCES, LENGTH}, {1, 1}, {1, 133}}) {
            onOneRank(mixture.config, DType.F32, lone -> {
                MicrobatchRouting routing = routing();
                float[] actual = lone.train(size[0], size[1], routing, false, Optional.empty())
                        .out();
                double[][] x = x(size[0] * size[1]);
                PlainMixture plain = new PlainMixture(mixture.config, lone.values());
                assertThat(routing.chosen().get(LoneMixture.LAYER)).containsExactly(plain.choice(x));
                return assertClose("output", actual, flat(plain.forward(x, plain.choice(x))));
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheGradientsOfThePlainFormula(Case mixture) {
        onOneRank(mixture.config, DType.F32, lone -> {
            LoneMixture.Pass pass = train(lone);
            Map<String, double[]> weights = lone.values();
            double[] x = flat(x(TOKENS));
            // Differences keep the choice: it is no function that has a derivative.
            int[] chosen = new PlainMixture(mixture.config, weights).choice(x(TOKENS));
            compare(mixture.config, "x", LoneMixer.doubles(pass.dX()), x, x, weights, chosen);
            weights.forEach((name, values) ->
                    compare(mixture.config, name, pass.gradients().get(name), values, x, weights, chosen));
            return pass;
        });
    }

    /** Central differences of a few elements of {@code moved}, which is x or one of the weights. */
    private static void compare(
            MoeConfig config,
            String name,
            double[] gradient,
            double[] moved,
            double[] x,
            Map<String, double[]> weights,
            int[] chosen) {
        double largest = largest(gradient);
        assertThat(largest).as("%s has a gradient", name).isPositive();
        Random random = new Random(11);
        double step = 1e-5;
        for (int trial = 0; trial < 12; trial++) {
            int index = random.nextInt(moved.length);
            double value = moved[index];
            moved[index] = value + step;
            double above = loss(config, x, weights, chosen);
            moved[index] = value - step;
            double below = loss(config, x, weights, chosen);
            moved[index] = value;
            assertThat(gradient[index])
                    .as("gradient of %s[%d]", name, index)
                    .isCloseTo((above - below) / (2 * step), within(TOLERANCE * largest + 1e-6));
        }
    }

    private static double loss(MoeConfig config, double[] x, Map<String, double[]> weights, int[] chosen) {
        double[][] rows = rows(x);
        PlainMixture plain = new PlainMixture(config, weights);
        double[] out = flat(plain.forward(rows, chosen));
        float[] direction = LoneMixer.normal("direction", TOKENS, DIM);
        int runs = config.balance().loss() == BalanceKind.SEQUENCE ? SEQUENCES : 1;
        double sum = SHARE * plain.losses(rows, chosen, runs);
        for (int i = 0; i < out.length; i++) {
            sum += out[i] * direction[i];
        }
        return sum;
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsWhenRecomputedOrWhenWeightHalvesWait(Case mixture) {
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            onOneRank(mixture.config, dtype, lone -> {
                LoneMixture.Pass kept = train(lone);
                assertSameBits(lone.train(SEQUENCES, LENGTH, routing(), true, Optional.empty()), kept);
                Optional<WeightQueue> queue = Optional.of(new WeightQueue());
                assertSameBits(lone.train(SEQUENCES, LENGTH, routing(), false, queue), kept);
                return kept;
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveOnTensorRanksWhatOneRankGives(Case mixture) {
        LoneMixture.Pass single = onOneRank(mixture.config, DType.F32, MixtureOfExpertsTest::train);
        List<LoneMixture.Pass> passes = TensorRanks.run(
                2, rank -> train(new LoneMixture(mixture.config, DIM, rank.compute(), DType.F32, rank)));
        assertClose("output", joined(passes, LoneMixture.Pass::out), LoneMixer.doubles(single.out()));
        assertClose("gradient of x", joined(passes, LoneMixture.Pass::dX), LoneMixer.doubles(single.dX()));
        single.gradients().forEach((name, gradient) -> {
            // Where ranks have copies, each has a summand.
            double[] sum = new double[gradient.length];
            for (LoneMixture.Pass pass : passes) {
                Arrays.setAll(sum, i -> sum[i] + pass.gradients().get(name)[i]);
            }
            assertClose(name, floats(sum), gradient);
        });
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeWithinThreePerCentInBf16(Case mixture) {
        MicrobatchRouting routing = routing();
        float[] single = onOneRank(
                mixture.config,
                DType.F32,
                lone -> lone.train(1, 133, routing, false, Optional.empty()).out());
        // A near tie may go the other way in bf16.
        float[] half = onOneRank(
                mixture.config,
                DType.BF16,
                lone -> lone.train(1, 133, routing(routing.chosen()), false, Optional.empty())
                        .out());
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < single.length; i++) {
            distance += (half[i] - single[i]) * (double) (half[i] - single[i]);
            norm += single[i] * (double) single[i];
        }
        assertThat(Math.sqrt(distance / norm)).isLessThan(3e-2).isPositive();
    }

    /** All experts, whatever the order in which they are chosen, weighted by all probabilities: nothing is left to choose. */
    @Test
    void shouldNeedNoRenormalisationWhenAllExpertsAreTaken() {
        MoeConfig renormalised = Case.ALL.config;
        MoeConfig plain = new MoeConfig(3, 3, 6, new SoftmaxRouterConfig(false, 1), NO_LOSS, Optional.empty());
        LoneMixture.Pass one = onOneRank(renormalised, DType.F32, MixtureOfExpertsTest::train);
        LoneMixture.Pass other = onOneRank(plain, DType.F32, MixtureOfExpertsTest::train);
        assertClose("output", one.out(), LoneMixer.doubles(other.out()));
        assertClose("gradient of x", one.dX(), LoneMixer.doubles(other.dX()));
    }

    /** Room for eight times the mean: none of five experts can get more than all tokens. */
    @Test
    void shouldDropNothingWhereThereIsRoomForAll() {
        MoeConfig config = Case.RENORMALISED.config;
        MoeConfig roomy = new MoeConfig(
                config.experts(),
                config.topK(),
                config.hidden(),
                config.router(),
                config.balance(),
                config.shared(),
                Optional.of(new CapacityConfig(8, Capacity.Drop.POSITION)));
        LoneMixture.Pass all = onOneRank(config, DType.F32, MixtureOfExpertsTest::train);
        assertSameBits(onOneRank(roomy, DType.F32, MixtureOfExpertsTest::train), all);
    }

    /** Tokens are kept away from expert 1 by a replayed choice: its weights get no gradient, and nothing else is wrong. */
    @Test
    void shouldDoWithoutAnExpertThatGetsNoToken() {
        MoeConfig config = Case.RENORMALISED.config;
        int[] chosen = new int[TOKENS * 2];
        for (int t = 0; t < TOKENS; t++) {
            chosen[2 * t] = t % 2 == 0 ? 0 : 4;
            chosen[2 * t + 1] = 2 + t % 3 / 2;
        }
        onOneRank(config, DType.F32, lone -> {
            MicrobatchRouting routing = routing(Map.of(LoneMixture.LAYER, chosen));
            LoneMixture.Pass pass = lone.train(SEQUENCES, LENGTH, routing, false, Optional.empty());
            Map<String, double[]> weights = lone.values();
            PlainMixture plain = new PlainMixture(config, weights);
            assertClose("output", pass.out(), flat(plain.forward(x(TOKENS), chosen)));
            for (String name : List.of("experts.gate.weight", "experts.up.weight", "experts.down.weight")) {
                double[] gradient = pass.gradients().get(name);
                int size = DIM * config.hidden();
                assertThat(Arrays.copyOfRange(gradient, size, 2 * size))
                        .as(name)
                        .containsOnly(0);
                assertThat(largest(Arrays.copyOfRange(gradient, 0, size))).isPositive();
                compare(config, name, gradient, weights.get(name), flat(x(TOKENS)), weights, chosen);
            }
            assertThat(routing.loads().get(LoneMixture.LAYER).counts()).containsExactly(11, 0, 15, 7, 11);
            return pass;
        });
    }

    @Test
    void shouldGiveTheSameBitsWhenItsChoiceIsReplayed() {
        onOneRank(Case.RENORMALISED.config, DType.F32, lone -> {
            MicrobatchRouting first = routing();
            LoneMixture.Pass kept = lone.train(SEQUENCES, LENGTH, first, false, Optional.empty());
            assertThat(first.chosen()).containsOnlyKeys(LoneMixture.LAYER);
            assertSameBits(lone.train(SEQUENCES, LENGTH, routing(first.chosen()), false, Optional.empty()), kept);
            return kept;
        });
    }

    @Test
    void shouldWriteDownWhatItsRouterDid() {
        MoeConfig config = Case.RENORMALISED.config;
        onOneRank(config, DType.F32, lone -> {
            MicrobatchRouting routing = routing();
            lone.train(SEQUENCES, LENGTH, routing, false, Optional.empty());
            LayerLoad load = routing.loads().get(LoneMixture.LAYER);
            double[][] p = new PlainMixture(config, lone.values()).probabilities(x(TOKENS));
            double entropy = 0;
            double[] sums = new double[config.experts()];
            for (double[] row : p) {
                for (int e = 0; e < sums.length; e++) {
                    entropy -= row[e] * Math.log(row[e]);
                    sums[e] += row[e];
                }
            }
            assertThat(load.tokens()).isEqualTo(TOKENS);
            assertThat(load.dropped()).isZero();
            assertThat(Arrays.stream(load.counts()).sum()).isEqualTo(2 * TOKENS);
            assertThat(load.entropySum()).isCloseTo(entropy, within(1e-4));
            assertThat(load.probabilitySums()).containsExactly(sums, within(1e-4));
            return load;
        });
    }

    @Test
    void shouldNameTheLayerWhoseRouterHasNoNumbers() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            LoneMixture lone = new LoneMixture(Case.RENORMALISED.config, DIM, compute, DType.F32, Layout.SINGLE);
            lone.set("router.weight", 3, Float.NaN);
            assertThatThrownBy(() -> train(lone))
                    .isInstanceOf(RoutingException.class)
                    .hasMessageContaining("the router of layer 1 has logits that are not numbers (NaN or infinite)");
        }
    }

    /** A step whose weights are taken back must be able to run to its end: the fault waits to be asked for. */
    @Test
    void shouldRunOnWhereFaultsAreKept() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            LoneMixture lone = new LoneMixture(Case.RENORMALISED.config, DIM, compute, DType.F32, Layout.SINGLE);
            lone.set("router.weight", 3, Float.NaN);
            MicrobatchRouting routing = routing().keepingFaults();
            assertThat(lone.train(SEQUENCES, LENGTH, routing, false, Optional.empty())
                            .out())
                    .isNotEmpty();
            assertThat(routing.fault().orElseThrow()).hasMessageContaining("the router of layer 1 has logits");
        }
    }

    /** The inner widths are divided over the tensor axis, that of the shared expert too. */
    @Test
    void shouldSayWhichWidthHasTooFewColumnsForTheTensorAxis() {
        MoeConfig config = new MoeConfig(
                4, 2, 6, new SoftmaxRouterConfig(true, 1), NO_LOSS, Optional.of(new SharedExpertConfig(3, false)));
        assertThat(config.tensorProblems(null, "moe", 3)).isEmpty();
        assertThat(config.tensorProblems(null, "moe", 4))
                .containsExactly("more ranks than the hidden width 3 of the shared expert of moe");
        assertThat(config.tensorProblems(null, "moe", 8))
                .containsExactly(
                        "more ranks than the hidden width 6 of the experts of moe",
                        "more ranks than the hidden width 3 of the shared expert of moe");
    }

    /** Where all experts get as many tokens, the most that is in memory at once is what a rehearsal takes for granted. */
    @ParameterizedTest
    @EnumSource(names = {"RENORMALISED", "GATED_SHARED"})
    void shouldAllocateWhatARehearsalFindsWhenExpertsAreBalanced(Case mixture) {
        int length = 40;
        int[] chosen = new int[SEQUENCES * length * 2];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = i % 5;
        }
        MicrobatchRouting balanced = routing(Map.of(LoneMixture.LAYER, chosen));
        long[] real;
        try (Compute compute = new Compute(2, "auto", "test")) {
            real = peak(compute, mixture.config, length, balanced);
        }
        long[] rehearsed;
        try (Compute compute = Compute.rehearsal(2, MemoryListener.NONE)) {
            rehearsed = peak(compute, mixture.config, length, routing());
        }
        assertThat(rehearsed).containsExactly(real);
    }

    private static long[] peak(Compute compute, MoeConfig config, int length, MicrobatchRouting routing) {
        new LoneMixture(config, DIM, compute, DType.BF16, Layout.SINGLE)
                .train(SEQUENCES, length, routing, false, Optional.empty());
        return new long[] {
            compute.memory().peak(Category.ACTIVATIONS), compute.memory().peak(Category.GRADIENTS)
        };
    }

    private static double[][] x(int tokens) {
        return rows(LoneMixer.doubles(LoneMixer.normal("x", tokens, DIM)));
    }

    private static double[][] rows(double[] values) {
        double[][] rows = new double[values.length / DIM][];
        Arrays.setAll(rows, t -> PlainMath.columns(values, t * DIM, DIM));
        return rows;
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static <T> T onOneRank(MoeConfig config, DType dtype, Function<LoneMixture, T> work) {
        try (Compute compute = new Compute(2, "auto", "test")) {
            T result = work.apply(new LoneMixture(config, DIM, compute, dtype, Layout.SINGLE));
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
            return result;
        }
    }

    private static void assertSameBits(LoneMixture.Pass actual, LoneMixture.Pass expected) {
        Bits.assertSame("output", actual.out(), expected.out());
        Bits.assertSame("gradient of x", actual.dX(), expected.dX());
        new TreeMap<>(expected.gradients())
                .forEach((name, gradient) ->
                        Bits.assertSame(name, floats(actual.gradients().get(name)), floats(gradient)));
    }

    private static float[] assertClose(String name, float[] actual, double[] expected) {
        assertThat(actual).as(name).hasSameSizeAs(expected);
        double bound = TOLERANCE * largest(expected);
        assertThat(bound).as(name).isPositive();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) actual[i]).as("%s[%d]", name, i).isCloseTo(expected[i], within(bound));
        }
        return actual;
    }

    private static double largest(double[] values) {
        return Arrays.stream(values).map(Math::abs).max().orElseThrow();
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }

    private static float[] joined(List<LoneMixture.Pass> passes, Function<LoneMixture.Pass, float[]> part) {
        float[] all = new float
                [passes.stream().mapToInt(pass -> part.apply(pass).length).sum()];
        int at = 0;
        for (LoneMixture.Pass pass : passes) {
            float[] values = part.apply(pass);
            System.arraycopy(values, 0, all, at, values.length);
            at += values.length;
        }
        return all;
    }
}
