package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.FiniteDifferences.dot;
import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The token before, and mixtures with it. Two sequences of 4 tokens; the second one has a document of its own from token 2 on. */
@Tag("widths")
final class TokenMixTest {
    private static final int[] DOCUMENTS = {0, 0, 0, 0, 1, 1, 2, 2};
    /** Tokens that no token of their document comes before, in sequence 0 and 1. */
    private static final List<Integer> FIRST = List.of(0, 4, 6);

    private static double[] mix(double[] x, double[] mu) {
        int channels = mu.length;
        double[] y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            double before = FIRST.contains(i / channels) ? 0 : x[i - channels];
            y[i] = x[i] + (before - x[i]) * mu[i % channels];
        }
        return y;
    }

    private static Sequences sequences(Fixture fixture) {
        return Sequences.of(2, fixture.ints(DOCUMENTS));
    }

    @Test
    void shouldMoveRowsByOneUnlessADocumentBegins() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 1, 2, 3, 4, 5, 6, 7, 8).reshape(8, 1);
            Tensor out = fixture.zeros(DType.F32, 8, 1);
            PreviousToken.forward(fixture.compute(), sequences(fixture), x, Optional.empty(), out);
            assertThat(out.toFloats()).containsExactly(0, 1, 2, 3, 0, 5, 0, 7);
            PreviousToken.inputGradient(fixture.compute(), sequences(fixture), x, out);
            assertThat(out.toFloats()).containsExactly(2, 3, 4, 0, 6, 0, 8, 0);
        }
    }

    @Test
    void shouldBeginWithTheLastTokenOfTheState() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.BF16, 1, 2, 3, 4, 5, 6, 7, 8).reshape(8, 1);
            Tensor state = fixture.of(DType.F32, 10, 20);
            Tensor out = fixture.zeros(DType.BF16, 8, 1);
            PreviousToken.forward(fixture.compute(), sequences(fixture), x, Optional.of(state), out);
            assertThat(out.toFloats()).containsExactly(10, 1, 2, 3, 20, 5, 0, 7);
            Tensor half = fixture.of(DType.F32, 0.5);
            TokenMix.forward(fixture.compute(), sequences(fixture), x, Optional.of(state), List.of(half), List.of(out));
            assertThat(out.toFloats()).containsExactly(5.5f, 1.5f, 2.5f, 3.5f, 12.5f, 5.5f, 3.5f, 7.5f);
            PreviousToken.advanceState(fixture.compute(), sequences(fixture), x, state);
            assertThat(state.toFloats()).containsExactly(4, 8);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldMixAnyNumberOfChannelsSeveralTimes(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int channels : new int[] {1, 3, 16, 33, 257}) {
                Tensor x = fixture.random(dtype, 8, channels);
                List<Tensor> mus = List.of(
                        fixture.random(DType.F32, channels),
                        fixture.random(DType.F32, channels),
                        fixture.random(DType.F32, channels));
                List<Tensor> out = List.of(
                        fixture.zeros(dtype, 8, channels),
                        fixture.zeros(dtype, 8, channels),
                        fixture.zeros(dtype, 8, channels));
                TokenMix.forward(fixture.compute(), sequences(fixture), x, Optional.empty(), mus, out);
                for (int mixture = 0; mixture < 3; mixture++) {
                    double[] expected = mix(doubles(x), doubles(mus.get(mixture)));
                    for (int i = 0; i < expected.length; i++) {
                        fixture.assertClose(out.get(mixture), i, expected[i], 64 * F32_ROUNDOFF, "mixture " + mixture);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAgreeWithFiniteDifferences(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            int channels = 19;
            Tensor x = fixture.random(dtype, 8, channels);
            List<Tensor> mus = List.of(fixture.random(DType.F32, channels), fixture.random(DType.F32, channels));
            List<Tensor> dOut = List.of(fixture.random(dtype, 8, channels), fixture.random(dtype, 8, channels));
            Tensor dx = fixture.zeros(dtype, 8, channels);
            Tensor dMu = fixture.zeros(DType.F32, channels);
            TokenMix.inputGradient(fixture.compute(), sequences(fixture), dOut, mus, dx);
            TokenMix.weightGradient(fixture.compute(), sequences(fixture), dOut.getFirst(), x, dMu);
            double[] first = doubles(mus.getFirst());
            double[] second = doubles(mus.getLast());
            assertGradient(
                    fixture,
                    dx,
                    FiniteDifferences.gradient(
                            doubles(x),
                            moved -> dot(doubles(dOut.getFirst()), mix(moved, first))
                                    + dot(doubles(dOut.getLast()), mix(moved, second))));
            assertGradient(
                    fixture,
                    dMu,
                    FiniteDifferences.gradient(first, moved -> dot(doubles(dOut.getFirst()), mix(doubles(x), moved))));
        }
    }

    private static void assertGradient(Fixture fixture, Tensor actual, double[] expected) {
        for (int i = 0; i < expected.length; i++) {
            fixture.assertClose(actual, i, expected[i], 1e-5 * Math.max(1, Math.abs(expected[i])), "gradient");
        }
    }

    @Test
    void shouldRefuseToMixInPlace() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.zeros(DType.F32, 8, 2);
            List<Tensor> mus = List.of(fixture.zeros(DType.F32, 2));
            assertThatThrownBy(() -> TokenMix.forward(
                            fixture.compute(), sequences(fixture), x, Optional.empty(), mus, List.of(x)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "token_mix.forward: out must not be the tensor that is mixed; allocate a tensor for it");
            assertThatThrownBy(() -> PreviousToken.inputGradient(fixture.compute(), sequences(fixture), x, x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("previous_token.input_gradient: dx must not be its source; allocate a tensor for it");
        }
    }
}
