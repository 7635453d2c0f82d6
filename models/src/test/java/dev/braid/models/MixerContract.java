package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Layout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What holds for every mixer. Its test extends this, gives some configs of it, and its equation in plain double loops ({@link
 * PlainMath}).
 */
@Timeout(120)
@TestInstance(Lifecycle.PER_CLASS)
abstract class MixerContract {
    /** Width of the model that the mixer is built for. */
    static final int DIM = 12;

    /** The length at which {@link Case#flops} is given. */
    static final int FLOPS_LENGTH = 64;

    private static final double TOLERANCE = 1e-4;
    private static final double HALF_TOLERANCE = 3e-2;
    /** Two sequences: a document of four tokens and one of seven, and one of a single token and one of ten. */
    private static final int[][] PACKED = {{4, 7}, {1, 10}};

    /** Longer than two chunks of the recurrence. */
    private static final int LONG = 133;

    /**
     * A mixer to be tested.
     *
     * @param name for the test's title
     * @param ranks of a tensor axis that can divide it
     * @param flops what {@link Mixer#positionFlopsPerToken} says at {@link #FLOPS_LENGTH}
     */
    record Case(String name, MixerConfig config, int ranks, double flops) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** The mixers to be tested. */
    abstract List<Case> cases();

    /**
     * The mixer's equation, without the residual.
     *
     * @param x the tokens of one document, {@code [token][column]}
     * @param weights by name: {@code q.weight}; matrices row by row
     */
    abstract double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights);

    /** Whether a decoder's state does not grow with the sequence. */
    boolean constantState() {
        return true;
    }

    /** How far BF16 may be from F32, as a share of the output's length. */
    double halfTolerance() {
        return HALF_TOLERANCE;
    }

    /** Whether a token reads those of documents before its own in the sequence, as attention does. */
    boolean crossesDocuments() {
        return false;
    }

    /** The equation for a sequence whose documents are read across; positions begin again with each. */
    double[][] mix(MixerConfig config, double[][] x, int[] positions, Map<String, double[]> weights) {
        throw new UnsupportedOperationException("only mixers that cross documents need it");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveWhatThePlainFormulaGives(Case mixer) {
        for (int[][] documents : List.of(PACKED, new int[][] {{LONG}}, new int[][] {{1}})) {
            onOneRank(mixer, DType.F32, lone -> {
                double[] expected = reference(mixer, lone.values(), x(documents), documents);
                float[] actual = lone.train(documents, false, Optional.empty()).out();
                return assertClose("output of " + Arrays.deepToString(documents), actual, expected);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveTheGradientsOfThePlainFormula(Case mixer) {
        onOneRank(mixer, DType.F32, lone -> {
            LoneMixer.Pass pass = lone.train(PACKED, false, Optional.empty());
            Map<String, double[]> weights = lone.values();
            double[] x = x(PACKED);
            compare(mixer, "x", LoneMixer.doubles(pass.dX()), x, x, weights);
            weights.forEach(
                    (name, values) -> compare(mixer, name, pass.gradients().get(name), values, x, weights));
            return pass;
        });
    }

    /** Central differences of a few elements of {@code moved}, which is x or one of the weights. */
    private void compare(
            Case mixer, String name, double[] gradient, double[] moved, double[] x, Map<String, double[]> weights) {
        double largest = largest(gradient);
        assertThat(largest).as("%s has a gradient", name).isPositive();
        Random random = new Random(11);
        double step = 1e-5;
        for (int trial = 0; trial < 6; trial++) {
            int index = random.nextInt(moved.length);
            double value = moved[index];
            moved[index] = value + step;
            double above = loss(reference(mixer, weights, x, PACKED));
            moved[index] = value - step;
            double below = loss(reference(mixer, weights, x, PACKED));
            moved[index] = value;
            assertThat(gradient[index])
                    .as("gradient of %s[%d]", name, index)
                    .isCloseTo((above - below) / (2 * step), within(TOLERANCE * largest + 1e-6));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveTheSameBitsWhenRecomputedOrWhenWeightHalvesWait(Case mixer) {
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            onOneRank(mixer, dtype, lone -> {
                LoneMixer.Pass kept = lone.train(PACKED, false, Optional.empty());
                assertSameBits(lone.train(PACKED, true, Optional.empty()), kept);
                assertSameBits(lone.train(PACKED, false, Optional.of(new WeightQueue())), kept);
                return kept;
            });
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveOnRanksWhatOneRankGives(Case mixer) {
        LoneMixer.Pass single = onOneRank(mixer, DType.F32, lone -> lone.train(PACKED, false, Optional.empty()));
        List<LoneMixer.Pass> passes = onRanks(mixer, lone -> lone.train(PACKED, false, Optional.empty()));
        List<float[]> out = passes.stream().map(LoneMixer.Pass::out).toList();
        List<float[]> dX = passes.stream().map(LoneMixer.Pass::dX).toList();
        assertClose("output", joined(out), LoneMixer.doubles(single.out()));
        assertClose("gradient of x", joined(dX), LoneMixer.doubles(single.dX()));
        Map<String, double[]> sums = new TreeMap<>(passes.getFirst().gradients());
        for (LoneMixer.Pass pass : passes.subList(1, passes.size())) {
            // Where ranks have copies, each has a summand.
            pass.gradients().forEach((name, gradient) -> sums.merge(name, gradient, MixerContract::sum));
        }
        single.gradients().forEach((name, gradient) -> assertClose(name, floats(sums.get(name)), gradient));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldDecodeWhatItGivesAtOnce(Case mixer) {
        int[] tokenByToken = new int[20];
        Arrays.fill(tokenByToken, 1);
        for (int[] pieces : List.of(tokenByToken, new int[] {1, 70, 1, 2, 59})) {
            int[][] whole = {{Arrays.stream(pieces).sum()}};
            double[] expected = onOneRank(
                    mixer,
                    DType.F32,
                    lone -> LoneMixer.doubles(
                            lone.train(whole, false, Optional.empty()).out()));
            onOneRank(
                    mixer,
                    DType.F32,
                    lone -> assertClose("pieces " + Arrays.toString(pieces), lone.decode(pieces), expected));
            for (float[] actual : onRanks(mixer, lone -> lone.decode(pieces))) {
                assertClose("pieces on ranks", actual, expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldBeCloseInBf16(Case mixer) {
        int[][] documents = {{LONG}};
        float[] single = onOneRank(
                mixer,
                DType.F32,
                lone -> lone.train(documents, false, Optional.empty()).out());
        float[] half = onOneRank(
                mixer,
                DType.BF16,
                lone -> lone.train(documents, false, Optional.empty()).out());
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < single.length; i++) {
            distance += (half[i] - single[i]) * (double) (half[i] - single[i]);
            norm += single[i] * (double) single[i];
        }
        assertThat(Math.sqrt(distance / norm)).isLessThan(halfTolerance()).isPositive();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldSayWhatItCosts(Case mixer) {
        onOneRank(mixer, DType.F32, lone -> {
            assertThat(lone.mixer().positionFlopsPerToken(FLOPS_LENGTH)).isEqualTo(mixer.flops);
            if (constantState()) {
                assertThat(lone.mixer().positionFlopsPerToken(4096)).isEqualTo(mixer.flops);
                assertThat(lone.stateBytes(10)).isPositive().isEqualTo(lone.stateBytes(1000));
            }
            return lone;
        });
    }

    private static double[] x(int[][] documents) {
        int tokens = Arrays.stream(documents).flatMapToInt(Arrays::stream).sum();
        return LoneMixer.doubles(LoneMixer.normal("x", tokens, DIM));
    }

    /** The plain formula, of each document alone, or of each sequence where documents are crossed. */
    private double[] reference(Case mixer, Map<String, double[]> weights, double[] x, int[][] documents) {
        double[] out = new double[x.length];
        int at = 0;
        for (int[] sequence : documents) {
            for (int[] part : crossesDocuments() ? new int[][] {sequence} : alone(sequence)) {
                int[] positions = Arrays.stream(part)
                        .flatMap(length -> IntStream.range(0, length))
                        .toArray();
                double[][] tokens = new double[positions.length][];
                for (int t = 0; t < tokens.length; t++) {
                    tokens[t] = PlainMath.columns(x, at + t * DIM, DIM);
                }
                double[][] mixed = crossesDocuments()
                        ? mix(mixer.config, tokens, positions, weights)
                        : mix(mixer.config, tokens, weights);
                for (double[] row : mixed) {
                    System.arraycopy(row, 0, out, at, DIM);
                    at += DIM;
                }
            }
        }
        return out;
    }

    private static int[][] alone(int[] documents) {
        return Arrays.stream(documents).mapToObj(length -> new int[] {length}).toArray(int[][]::new);
    }

    private static double loss(double[] out) {
        float[] direction = LoneMixer.normal("direction", out.length / DIM, DIM);
        double sum = 0;
        for (int i = 0; i < out.length; i++) {
            sum += out[i] * direction[i];
        }
        return sum;
    }

    private static <T> T onOneRank(Case mixer, DType dtype, Function<LoneMixer, T> work) {
        try (Compute compute = new Compute(2, "auto", "test")) {
            T result = work.apply(new LoneMixer(mixer.config, DIM, compute, dtype, Layout.SINGLE));
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
            return result;
        }
    }

    private static <T> List<T> onRanks(Case mixer, Function<LoneMixer, T> work) {
        return TensorRanks.run(
                mixer.ranks, rank -> work.apply(new LoneMixer(mixer.config, DIM, rank.compute(), DType.F32, rank)));
    }

    private static void assertSameBits(LoneMixer.Pass actual, LoneMixer.Pass expected) {
        Bits.assertSame("output", actual.out(), expected.out());
        Bits.assertSame("gradient of x", actual.dX(), expected.dX());
        expected.gradients()
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

    private static double[] sum(double[] a, double[] b) {
        double[] sum = new double[a.length];
        Arrays.setAll(sum, i -> a[i] + b[i]);
        return sum;
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }

    private static float[] joined(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
