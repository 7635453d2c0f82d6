package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.FiniteDifferences.dot;
import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class CausalConvolutionTest {
    /** Extents of a problem; {@code columns} of the matrix of which the channels are a window from {@code firstColumn}. */
    private record Extents(int sequences, int length, int channels, int width, int firstColumn, int columns) {
        static Extents of(int sequences, int length, int channels, int width) {
            return new Extents(sequences, length, channels, width, 0, channels);
        }

        int tokens() {
            return sequences * length;
        }
    }

    /** The definition in f64: a token's inputs are looked up one by one, in the state where they lie before the sequence. */
    private static double[] forward(
            Extents extents,
            int[] documents,
            double[] x,
            double[] weight,
            double[] bias,
            double[] state,
            boolean silu) {
        double[] y = new double[extents.tokens() * extents.channels];
        for (int row = 0; row < extents.tokens(); row++) {
            for (int c = 0; c < extents.channels; c++) {
                double sum = bias.length == 0 ? 0 : bias[c];
                for (int lag = 0; lag < extents.width; lag++) {
                    double factor = weight[c * extents.width + extents.width - 1 - lag];
                    sum += factor * input(extents, documents, x, state, row, lag, c);
                }
                y[row * extents.channels + c] = silu ? sum / (1 + Math.exp(-sum)) : sum;
            }
        }
        return y;
    }

    private static double input(
            Extents extents, int[] documents, double[] x, double[] state, int row, int lag, int channel) {
        int start = row / extents.length * extents.length;
        for (int between = Math.max(start + 1, row - lag + 1); between <= row; between++) {
            if (documents[between] != documents[between - 1]) {
                return 0;
            }
        }
        if (row - lag >= start) {
            return x[(row - lag) * extents.columns + extents.firstColumn + channel];
        }
        int rows = extents.width - 1;
        int stateRow = row / extents.length * rows + rows + (row - lag - start);
        return state.length == 0 ? 0 : state[stateRow * extents.channels + channel];
    }

    /** Documents of 1, 2, 3, ... tokens. */
    private static int[] documents(int tokens) {
        int[] ids = new int[tokens];
        int id = 0;
        for (int first = 0; first < tokens; first += id) {
            id++;
            Arrays.fill(ids, first, Math.min(tokens, first + id), id);
        }
        return ids;
    }

    private static CausalConvolution.Inputs inputs(
            Fixture fixture, Extents extents, int[] documents, Tensor x, Optional<Tensor> state) {
        Sequences sequences = Sequences.of(extents.sequences, fixture.ints(documents));
        return new CausalConvolution.Inputs(sequences, x, extents.firstColumn, state);
    }

    private static double[] doubles(Optional<Tensor> tensor) {
        return tensor.map(Fixture::doubles).orElse(new double[0]);
    }

    /** {@code y[t] = x[t] + 10 x[t - 1]}, and 3 begins a document. */
    @Test
    void shouldAddTheInputBeforeUnlessADocumentBegins() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 1, 2, 3, 4).reshape(4, 1);
            Tensor weight = fixture.of(DType.F32, 10, 1).reshape(1, 2);
            Tensor out = fixture.zeros(DType.F32, 4, 1);
            Sequences sequences = Sequences.of(1, fixture.ints(7, 7, 8, 8));
            new CausalConvolution(weight, Optional.empty(), false)
                    .forward(fixture.compute(), new CausalConvolution.Inputs(sequences, x, 0, Optional.empty()), out);
            assertThat(out.toFloats()).containsExactly(1, 12, 3, 34);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldFilterAnyExtents(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (Extents extents : new Extents[] {
                Extents.of(1, 1, 1, 4),
                Extents.of(2, 5, 3, 1),
                Extents.of(3, 33, 16, 4),
                Extents.of(1, 70, 33, 8),
                new Extents(2, 3, 257, 4, 5, 300),
                new Extents(2, 65, 130, 3, 0, 131)
            }) {
                assertForward(fixture, dtype, extents, false, false);
                assertForward(fixture, dtype, extents, true, true);
            }
        }
    }

    /** Tiles inside of a document, of the usual width and with SiLU, go another way than those at a border. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldFilterLongDocuments(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Extents extents = new Extents(2, 131, 137, 4, 3, 150);
            assertForward(fixture, dtype, extents, new int[extents.tokens()], true, true);
            assertForward(fixture, dtype, extents, new int[extents.tokens()], false, true);
        }
    }

    private static void assertForward(Fixture fixture, DType dtype, Extents extents, boolean all, boolean silu) {
        assertForward(fixture, dtype, extents, documents(extents.tokens()), all, silu);
    }

    private static void assertForward(
            Fixture fixture, DType dtype, Extents extents, int[] documents, boolean all, boolean silu) {
        Tensor x = fixture.random(dtype, extents.tokens(), extents.columns);
        Tensor weight = fixture.random(dtype, extents.channels, 1, extents.width);
        Optional<Tensor> bias = all ? Optional.of(fixture.random(DType.F32, extents.channels)) : Optional.empty();
        Optional<Tensor> state = all
                ? Optional.of(fixture.random(DType.F32, extents.sequences, extents.width - 1, extents.channels))
                : Optional.empty();
        Tensor out = fixture.zeros(dtype, extents.tokens(), extents.channels);
        new CausalConvolution(weight, bias, silu)
                .forward(fixture.compute(), inputs(fixture, extents, documents, x, state), out);
        double[] expected = forward(
                extents, documents, Fixture.doubles(x), Fixture.doubles(weight), doubles(bias), doubles(state), silu);
        for (int i = 0; i < expected.length; i++) {
            // Sums of up to 9 terms of order one.
            fixture.assertClose(out, i, expected[i], 200 * F32_ROUNDOFF, extents.toString());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAgreeWithFiniteDifferences(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            assertGradients(fixture, DType.F32, new Extents(2, 9, 5, 4, 2, 8), true, 2e-5);
            assertGradients(fixture, DType.F32, Extents.of(1, 34, 3, 3), false, 2e-5);
            assertGradients(fixture, DType.F32, Extents.of(1, 2, 17, 5), true, 2e-5);
        }
    }

    /** Sums before SiLU are made again from inputs in bf16: both see the same values, only results are rounded. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldRoundGradientsInBf16OnlyOnce(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            assertGradients(fixture, DType.BF16, new Extents(2, 9, 5, 4, 2, 8), true, 2e-5);
        }
    }

    private static void assertGradients(Fixture fixture, DType dtype, Extents extents, boolean silu, double tolerance) {
        int[] documents = documents(extents.tokens());
        Tensor x = fixture.random(dtype, extents.tokens(), extents.columns);
        Tensor dOut = fixture.random(dtype, extents.tokens(), extents.channels);
        Tensor weight = fixture.random(dtype, extents.channels, extents.width);
        Tensor bias = fixture.random(DType.F32, extents.channels);
        Tensor state = fixture.random(DType.F32, extents.sequences, extents.width - 1, extents.channels);
        Tensor dx = fixture.zeros(dtype, extents.tokens(), extents.channels);
        Tensor dState = fixture.zeros(DType.F32, extents.sequences, extents.width - 1, extents.channels);
        Tensor dWeight = fixture.zeros(DType.F32, extents.channels, extents.width);
        Tensor dBias = fixture.zeros(DType.F32, extents.channels);
        CausalConvolution.Inputs inputs = inputs(fixture, extents, documents, x, Optional.of(state));
        CausalConvolution convolution = new CausalConvolution(weight, Optional.of(bias), silu);
        convolution.inputGradient(fixture.compute(), dOut, inputs, dx, Optional.of(dState));
        convolution.weightGradient(fixture.compute(), dOut, inputs, dWeight, Optional.of(dBias));
        double[] d = Fixture.doubles(dOut);
        double[] w = Fixture.doubles(weight);
        double[] b = Fixture.doubles(bias);
        double[] s = Fixture.doubles(state);
        double[] in = Fixture.doubles(x);
        double[] whole =
                FiniteDifferences.gradient(in, moved -> dot(d, forward(extents, documents, moved, w, b, s, silu)));
        double[] window = new double[extents.tokens() * extents.channels];
        for (int i = 0; i < window.length; i++) {
            window[i] = whole[i / extents.channels * extents.columns + extents.firstColumn + i % extents.channels];
        }
        assertAll(fixture, "dx", dx, window, tolerance);
        assertAll(
                fixture,
                "dState",
                dState,
                FiniteDifferences.gradient(s, moved -> dot(d, forward(extents, documents, in, w, b, moved, silu))),
                tolerance);
        assertAll(
                fixture,
                "dWeight",
                dWeight,
                FiniteDifferences.gradient(w, moved -> dot(d, forward(extents, documents, in, moved, b, s, silu))),
                tolerance);
        assertAll(
                fixture,
                "dBias",
                dBias,
                FiniteDifferences.gradient(b, moved -> dot(d, forward(extents, documents, in, w, moved, s, silu))),
                tolerance);
    }

    /** Documents of 100 and of 31 tokens, and channels that no vector fills. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldGiveTheBitsOfTwoPassesInOne(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Extents extents = new Extents(2, 131, 137, 4, 3, 150);
            int[] documents = new int[extents.tokens()];
            Arrays.fill(documents, 100, 131, 1);
            Tensor x = fixture.random(dtype, extents.tokens(), extents.columns);
            Tensor dOut = fixture.random(dtype, extents.tokens(), extents.channels);
            Tensor bias = fixture.random(DType.F32, extents.channels);
            CausalConvolution.Inputs inputs = inputs(fixture, extents, documents, x, Optional.empty());
            CausalConvolution convolution = new CausalConvolution(
                    fixture.random(dtype, extents.channels, extents.width), Optional.of(bias), true);
            Tensor dx = fixture.zeros(dtype, extents.tokens(), extents.channels);
            Tensor dWeight = fixture.zeros(DType.F32, extents.channels, extents.width);
            Tensor dBias = fixture.zeros(DType.F32, extents.channels);
            convolution.inputGradient(fixture.compute(), dOut, inputs, dx, Optional.empty());
            convolution.weightGradient(fixture.compute(), dOut, inputs, dWeight, Optional.of(dBias));
            Tensor window = fixture.zeros(dtype, extents.tokens(), extents.columns);
            Tensor weights = fixture.zeros(DType.F32, extents.channels, extents.width);
            Tensor biases = fixture.zeros(DType.F32, extents.channels);
            convolution.gradients(fixture.compute(), dOut, inputs, window, 3, weights, Optional.of(biases));
            assertThat(weights.toFloats()).containsExactly(dWeight.toFloats());
            assertThat(biases.toFloats()).containsExactly(dBias.toFloats());
            Tensor copied = fixture.zeros(dtype, extents.tokens(), extents.channels);
            Elementwise.copyColumns(fixture.compute(), window, 3, extents.channels, copied, 0);
            assertThat(copied.toFloats()).containsExactly(dx.toFloats());
            // What lies beside the window stays.
            copied.zero();
            Elementwise.pasteColumns(fixture.compute(), copied, window, 3);
            assertThat(window.toFloats()).containsOnly(0);
        }
    }

    private static void assertAll(Fixture fixture, String what, Tensor actual, double[] expected, double tolerance) {
        for (int i = 0; i < expected.length; i++) {
            fixture.assertClose(actual, i, expected[i], tolerance * Math.max(1, Math.abs(expected[i])), what);
        }
    }

    /** More rows than a run of tiles has; every output is 1, so each weight's gradient is the sum of the inputs it sees. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAddWeightGradientsOfManyTiles(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            int length = 1_100;
            Tensor x = fixture.zeros(DType.F32, 2 * length, 3);
            Tensor dOut = fixture.zeros(DType.F32, 2 * length, 3);
            for (int i = 0; i < x.count(); i++) {
                x.set(i, 1 + i % 3);
                dOut.set(i, 1);
            }
            Tensor weight = fixture.zeros(DType.F32, 3, 2);
            Tensor dWeight = fixture.of(DType.F32, 1, 0, 0, 0, 0, 0).reshape(3, 2);
            Sequences sequences = Sequences.of(2, fixture.ints(new int[2 * length]));
            new CausalConvolution(weight, Optional.empty(), false)
                    .weightGradient(
                            fixture.compute(),
                            dOut,
                            new CausalConvolution.Inputs(sequences, x, 0, Optional.empty()),
                            dWeight,
                            Optional.empty());
            // Of each sequence all 1,100 tokens, and all but the last as the one before; to what was there.
            assertThat(dWeight.toFloats()).containsExactly(2_199, 2_200, 4_396, 4_400, 6_594, 6_600);
        }
    }

    /** Weights and gradients of 1: an input's gradient is the number of tokens that see it, over the borders of tiles too. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldPassGradientsBackOverTiles(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            int length = 70;
            Tensor ones = fixture.zeros(dtype, length, 1);
            Tensor weight = fixture.zeros(dtype, 1, 4);
            for (int i = 0; i < length; i++) {
                ones.set(i, 1);
                weight.set(i % 4, 1);
            }
            int[] ids = new int[length];
            Arrays.fill(ids, 33, length, 1);
            Tensor dx = fixture.zeros(dtype, length, 1);
            new CausalConvolution(weight, Optional.empty(), false)
                    .inputGradient(
                            fixture.compute(),
                            ones,
                            inputs(fixture, Extents.of(1, length, 1, 4), ids, ones, Optional.empty()),
                            dx,
                            Optional.empty());
            float[] expected = new float[length];
            Arrays.fill(expected, 4);
            for (int last : new int[] {32, 69}) {
                expected[last] = 1;
                expected[last - 1] = 2;
                expected[last - 2] = 3;
            }
            assertThat(dx.toFloats()).containsExactly(expected);
        }
    }

    /** Pieces of 1 to 6 tokens with a state between them, over documents that begin anywhere. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldGoOnFromAStateAsIfItHadNotStopped(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            int length = 21;
            int channels = 19;
            Tensor x = fixture.random(dtype, length, channels);
            Tensor weight = fixture.random(dtype, channels, 4);
            int[] ids = documents(length);
            CausalConvolution convolution = new CausalConvolution(weight, Optional.empty(), true);
            Tensor whole = fixture.zeros(dtype, length, channels);
            Extents extents = Extents.of(1, length, channels, 4);
            convolution.forward(fixture.compute(), inputs(fixture, extents, ids, x, Optional.empty()), whole);
            for (int piece = 1; piece <= 6; piece++) {
                Tensor state = fixture.zeros(DType.F32, 1, 3, channels);
                Tensor out = fixture.zeros(dtype, length, channels);
                for (int from = 0; from < length; from += piece) {
                    int rows = Math.min(piece, length - from);
                    if (from > 0 && ids[from] != ids[from - 1]) {
                        // Ids say where a document begins inside of a piece; at its start a fresh state does.
                        state.zero();
                    }
                    CausalConvolution.Inputs inputs = inputs(
                            fixture,
                            Extents.of(1, rows, channels, 4),
                            Arrays.copyOfRange(ids, from, from + rows),
                            x.rows(from, rows),
                            Optional.of(state));
                    convolution.forward(fixture.compute(), inputs, out.rows(from, rows));
                    convolution.advanceState(fixture.compute(), inputs);
                }
                assertThat(out.toFloats()).as("pieces of %d", piece).containsExactly(whole.toFloats());
            }
        }
    }

    @Test
    void shouldNotKeepInputsOfAnEarlierDocumentInTheState() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 1, 2, 3).reshape(3, 1);
            Tensor state = fixture.of(DType.F32, 7, 8, 9);
            CausalConvolution convolution =
                    new CausalConvolution(fixture.zeros(DType.F32, 1, 4), Optional.empty(), false);
            convolution.advanceState(
                    fixture.compute(),
                    new CausalConvolution.Inputs(Sequences.of(1, fixture.ints(1, 2, 2)), x, 0, Optional.of(state)));
            assertThat(state.toFloats()).containsExactly(0, 2, 3);
            convolution.advanceState(
                    fixture.compute(),
                    new CausalConvolution.Inputs(
                            Sequences.of(1, fixture.ints(2)), x.rows(0, 1), 0, Optional.of(state)));
            assertThat(state.toFloats()).containsExactly(2, 3, 1);
        }
    }

    @Test
    void shouldGiveTheSameBitsOnOneTwoAndFourCores() {
        float[][] one = results(1);
        for (int cores : new int[] {2, 4}) {
            float[][] many = results(cores);
            for (int i = 0; i < one.length; i++) {
                assertThat(Arrays.equals(many[i], one[i]))
                        .as("result %d on %d cores", i, cores)
                        .isTrue();
            }
        }
    }

    private static float[][] results(int cores) {
        try (Fixture fixture = new Fixture("vector", cores)) {
            Extents extents = Extents.of(3, 700, 140, 4);
            Tensor x = fixture.random(DType.F32, extents.tokens(), extents.columns);
            Tensor dOut = fixture.random(DType.F32, extents.tokens(), extents.channels);
            Tensor weight = fixture.random(DType.F32, extents.channels, extents.width);
            Tensor out = fixture.zeros(DType.F32, extents.tokens(), extents.channels);
            Tensor dx = fixture.zeros(DType.F32, extents.tokens(), extents.channels);
            Tensor dWeight = fixture.zeros(DType.F32, extents.channels, extents.width);
            CausalConvolution.Inputs inputs =
                    inputs(fixture, extents, documents(extents.tokens()), x, Optional.empty());
            CausalConvolution convolution = new CausalConvolution(weight, Optional.empty(), true);
            convolution.forward(fixture.compute(), inputs, out);
            convolution.inputGradient(fixture.compute(), dOut, inputs, dx, Optional.empty());
            convolution.weightGradient(fixture.compute(), dOut, inputs, dWeight, Optional.empty());
            return new float[][] {out.toFloats(), dx.toFloats(), dWeight.toFloats()};
        }
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.zeros(DType.F32, 4, 3);
            Tensor out = fixture.zeros(DType.F32, 4, 3);
            Sequences sequences = Sequences.of(2, fixture.ints(0, 0, 0, 0));
            CausalConvolution wide = new CausalConvolution(fixture.zeros(DType.F32, 3, 9), Optional.empty(), true);
            CausalConvolution usual = new CausalConvolution(fixture.zeros(DType.F32, 3, 4), Optional.empty(), true);
            assertThatThrownBy(() -> wide.forward(
                            fixture.compute(), new CausalConvolution.Inputs(sequences, x, 0, Optional.empty()), out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("causal_convolution.forward: weight must be [channels, width] with a width of 1 to 8,"
                            + " but is F32[3, 9]");
            assertThatThrownBy(() -> usual.forward(
                            fixture.compute(), new CausalConvolution.Inputs(sequences, x, 1, Optional.empty()), out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("causal_convolution.forward: columns 1 until 4 are not all in x F32[4, 3]");
            assertThatThrownBy(() -> usual.forward(
                            fixture.compute(), new CausalConvolution.Inputs(sequences, x, 0, Optional.of(x)), out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("causal_convolution.forward: state must be F32 with 18 elements, but is F32[4, 3]");
            assertThatThrownBy(() -> usual.forward(
                            fixture.compute(), new CausalConvolution.Inputs(sequences, x, 0, Optional.empty()), x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("out must not be x itself");
            assertThatThrownBy(() -> Sequences.of(3, fixture.ints(0, 0, 0, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("4 tokens (document ids) can't be divided into 3 sequences of equal length");
        }
    }
}
