package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.FiniteDifferences.dot;
import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class GeGluTest {
    private static double[] forward(double[] gateUp, int columns) {
        double[] out = new double[gateUp.length / 2];
        for (int i = 0; i < out.length; i++) {
            int gates = i / columns * 2 * columns;
            double gate = gateUp[gates + i % columns];
            double inner = Math.sqrt(2 / Math.PI) * (gate + 0.044715 * gate * gate * gate);
            out[i] = gate / 2 * (1 + Math.tanh(inner)) * gateUp[gates + columns + i % columns];
        }
        return out;
    }

    @Test
    void shouldTakeTheGateFirst() {
        try (Fixture fixture = new Fixture("vector")) {
            // gelu(0) = 0; gelu(-1000) = 0; gelu(1000) = 1000.
            Tensor gateUp = fixture.of(DType.F32, 0, -1000, 1000, 7, 7, 7).reshape(1, 6);
            Tensor out = fixture.zeros(DType.F32, 1, 3);
            GeGlu.forward(fixture.compute(), gateUp, out);
            assertThat(out.get(0)).isEqualTo(0f);
            assertThat(out.get(1)).isEqualTo(-0f);
            assertThat(out.get(2)).isEqualTo(7000f);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldGateRowsOfAnyLength(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor gateUp = fixture.random(dtype, 4, 2 * columns);
                Tensor out = fixture.zeros(dtype, 4, columns);
                GeGlu.forward(fixture.compute(), gateUp, out);
                double[] expected = forward(doubles(gateUp), columns);
                for (int i = 0; i < expected.length; i++) {
                    double tolerance = 8 * F32_ROUNDOFF * Math.abs(expected[i]);
                    fixture.assertClose(out, i, expected[i], tolerance, "columns " + columns);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAgreeWithFiniteDifferences(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : new int[] {1, 16, 35}) {
                Tensor gateUp = fixture.random(dtype, 2, 2 * columns);
                Tensor dOut = fixture.random(dtype, 2, columns);
                Tensor dGateUp = fixture.zeros(dtype, 2, 2 * columns);
                GeGlu.inputGradient(fixture.compute(), dOut, gateUp, dGateUp);
                double[] expected = FiniteDifferences.gradient(
                        doubles(gateUp), moved -> dot(doubles(dOut), forward(moved, columns)));
                for (int i = 0; i < expected.length; i++) {
                    fixture.assertClose(dGateUp, i, expected[i], 3e-6, "columns " + columns);
                }
            }
        }
    }

    /** {@code torch.nn.functional.gelu(x, approximate="tanh")} of PyTorch 2.13 in double. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveWhatPyTorchGives(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor gateUp =
                    fixture.of(DType.F32, -3, -1, -0.5, 0.25, 2, 1, 1, 1, 1, 1).reshape(1, 10);
            Tensor out = fixture.zeros(DType.F32, 1, 5);
            GeGlu.forward(fixture.compute(), gateUp, out);
            double[] expected = {
                -0.0036373920817729943, -0.15880800939172324, -0.15428599017485606, 0.149675350701685, 1.954597694087775
            };
            for (int i = 0; i < 5; i++) {
                fixture.assertClose(out, i, expected[i], 2e-7, "element " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldHaveAFiniteGradientAtHugeGates(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor gateUp = fixture.of(DType.F32, -1e15, 1e15, 3, 3).reshape(1, 4);
            Tensor dOut = fixture.of(DType.F32, 1, 1).reshape(1, 2);
            Tensor dGateUp = fixture.zeros(DType.F32, 1, 4);
            GeGlu.inputGradient(fixture.compute(), dOut, gateUp, dGateUp);
            assertThat(dGateUp.toFloats()).containsExactly(-0f, 3, -0f, 1e15f);
        }
    }

    @Test
    void shouldNotDependOnTheColumnOfAValue() {
        try (Fixture fixture = new Fixture("vector")) {
            int columns = 37;
            Tensor gateUp = fixture.zeros(DType.F32, 1, 2 * columns);
            Tensor dOut = fixture.zeros(DType.F32, 1, columns);
            Tensor dGateUp = fixture.zeros(DType.F32, 1, 2 * columns);
            Tensor out = fixture.zeros(DType.F32, 1, columns);
            for (int j = 0; j < columns; j++) {
                gateUp.set(j, 0.7310586f);
                gateUp.set(columns + j, 1.1f);
                dOut.set(j, 0.3f);
            }
            GeGlu.forward(fixture.compute(), gateUp, out);
            GeGlu.inputGradient(fixture.compute(), dOut, gateUp, dGateUp);
            for (int j = 1; j < columns; j++) {
                assertThat(out.get(j)).isEqualTo(out.get(0));
                assertThat(dGateUp.get(j)).isEqualTo(dGateUp.get(0));
                assertThat(dGateUp.get(columns + j)).isEqualTo(dGateUp.get(columns));
            }
        }
    }
}
