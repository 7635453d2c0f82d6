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
final class RmsNormTest {
    private static final float EPSILON = 1e-5f;

    /** y, row by row, in f64. */
    static double[] forward(double[] x, double[] weight, double epsilon) {
        int columns = weight.length;
        double[] y = new double[x.length];
        for (int start = 0; start < x.length; start += columns) {
            double squares = 0;
            for (int j = 0; j < columns; j++) {
                squares += x[start + j] * x[start + j];
            }
            double inverse = 1 / Math.sqrt(squares / columns + epsilon);
            for (int j = 0; j < columns; j++) {
                y[start + j] = x[start + j] * inverse * weight[j];
            }
        }
        return y;
    }

    @Test
    void shouldGiveHandComputedFiguresForOneRow() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 3, 4).reshape(1, 2);
            Tensor weight = fixture.of(DType.F32, 2, 10);
            Tensor y = fixture.zeros(DType.F32, 1, 2);
            Tensor inverse = fixture.zeros(DType.F32, 1);
            // mean of 9 and 16 is 12.5, plus 12.5 is 25: the root is 5.
            RmsNorm.forward(fixture.compute(), x, weight, 12.5f, y, inverse);
            assertThat(inverse.toFloats()).containsExactly(0.2f);
            assertThat(y.toFloats()).containsExactly(3 * 0.2f * 2, 4 * 0.2f * 10);
        }
    }

    /** Zero-centred weights: 1 and 9 with an offset of 1 are the weights 2 and 10. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAddTheOffsetToTheWeight(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor x = fixture.of(DType.F32, 3, 4).reshape(1, 2);
            Tensor centred = fixture.of(DType.F32, 1, 9);
            Tensor weight = fixture.of(DType.F32, 2, 10);
            Tensor y = fixture.zeros(DType.F32, 1, 2);
            Tensor inverse = fixture.zeros(DType.F32, 1);
            RmsNorm.forward(fixture.compute(), x, centred, 1, 12.5f, y, inverse);
            assertThat(y.toFloats()).containsExactly(3 * 0.2f * 2, 4 * 0.2f * 10);
            Tensor dy = fixture.random(DType.F32, 1, 2);
            Tensor dx = fixture.zeros(DType.F32, 1, 2);
            Tensor expected = fixture.zeros(DType.F32, 1, 2);
            RmsNorm.inputGradient(fixture.compute(), dy, x, centred, 1, inverse, null, dx);
            RmsNorm.inputGradient(fixture.compute(), dy, x, weight, inverse, null, expected);
            assertThat(dx.toFloats()).containsExactly(expected.toFloats());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldNormaliseRowsOfAnyLength(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor x = fixture.random(dtype, 5, columns);
                Tensor weight = fixture.random(DType.F32, columns);
                Tensor y = fixture.zeros(dtype, 5, columns);
                Tensor inverse = fixture.zeros(DType.F32, 5);
                RmsNorm.forward(fixture.compute(), x, weight, EPSILON, y, inverse);
                double[] expected = forward(doubles(x), doubles(weight), EPSILON);
                for (int i = 0; i < expected.length; i++) {
                    double tolerance = (columns + 8) * F32_ROUNDOFF * Math.abs(expected[i]);
                    fixture.assertClose(y, i, expected[i], tolerance, "columns " + columns);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldPassGradientsOfAnyLengthAndAddThemToWhatExists(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor x = fixture.random(dtype, 3, columns);
                Tensor dy = fixture.random(dtype, 3, columns);
                Tensor weight = fixture.random(DType.F32, columns);
                Tensor inverse = fixture.zeros(DType.F32, 3);
                RmsNorm.forward(fixture.compute(), x, weight, EPSILON, fixture.zeros(dtype, 3, columns), inverse);
                Tensor existing = fixture.random(dtype, 3, columns);
                double[] before = doubles(existing);
                RmsNorm.inputGradient(fixture.compute(), dy, x, weight, inverse, existing, existing);
                assertGradient(fixture, existing, before, doubles(dy), doubles(x), doubles(weight));
            }
        }
    }

    private static void assertGradient(
            Fixture fixture, Tensor dx, double[] existing, double[] dy, double[] x, double[] weight) {
        int columns = weight.length;
        for (int start = 0; start < x.length; start += columns) {
            double squares = 0;
            double along = 0;
            double magnitude = 0;
            for (int j = 0; j < columns; j++) {
                squares += x[start + j] * x[start + j];
                along += dy[start + j] * weight[j] * x[start + j];
                magnitude += Math.abs(dy[start + j] * weight[j] * x[start + j]);
            }
            double inverse = 1 / Math.sqrt(squares / columns + EPSILON);
            double cube = inverse * inverse * inverse / columns;
            for (int j = 0; j < columns; j++) {
                int i = start + j;
                double direct = dy[i] * weight[j] * inverse;
                double expected = existing[i] + direct - x[i] * cube * along;
                double size = Math.abs(existing[i]) + Math.abs(direct) + Math.abs(x[i]) * cube * magnitude;
                double tolerance = (4 * columns + 16) * F32_ROUNDOFF * size;
                fixture.assertClose(dx, i, expected, tolerance, "columns " + columns);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAgreeWithFiniteDifferences(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            int columns = 19;
            Tensor x = fixture.random(DType.F32, 2, columns);
            Tensor dy = fixture.random(DType.F32, 2, columns);
            Tensor weight = fixture.random(DType.F32, columns);
            Tensor inverse = fixture.zeros(DType.F32, 2);
            Tensor dx = fixture.zeros(DType.F32, 2, columns);
            Tensor dWeight = fixture.zeros(DType.F32, columns);
            RmsNorm.forward(fixture.compute(), x, weight, EPSILON, fixture.zeros(DType.F32, 2, columns), inverse);
            RmsNorm.inputGradient(fixture.compute(), dy, x, weight, inverse, null, dx);
            RmsNorm.weightGradient(fixture.compute(), dy, x, inverse, dWeight);
            double[] expectedInput = FiniteDifferences.gradient(
                    doubles(x), moved -> dot(doubles(dy), forward(moved, doubles(weight), EPSILON)));
            double[] expectedWeight = FiniteDifferences.gradient(
                    doubles(weight), moved -> dot(doubles(dy), forward(doubles(x), moved, EPSILON)));
            for (int i = 0; i < expectedInput.length; i++) {
                fixture.assertClose(dx, i, expectedInput[i], 3e-6, "dx");
            }
            for (int i = 0; i < expectedWeight.length; i++) {
                fixture.assertClose(dWeight, i, expectedWeight[i], 3e-6, "dWeight");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAddWeightGradientsOfManyRowBlocks(String kernels, DType dtype) {
        int rows = 200;
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : new int[] {1, 17, 100}) {
                Tensor x = fixture.random(dtype, rows, columns);
                Tensor dy = fixture.random(dtype, rows, columns);
                Tensor inverse = fixture.random(DType.F32, rows);
                Tensor dWeight = fixture.random(DType.F32, columns);
                float[] before = dWeight.toFloats();
                RmsNorm.weightGradient(fixture.compute(), dy, x, inverse, dWeight);
                for (int j = 0; j < columns; j++) {
                    double expected = before[j];
                    double size = Math.abs(before[j]);
                    for (int row = 0; row < rows; row++) {
                        int i = row * columns + j;
                        double term = (double) dy.get(i) * x.get(i) * inverse.get(row);
                        expected += term;
                        size += Math.abs(term);
                    }
                    fixture.assertClose(dWeight, j, expected, (rows + 4) * F32_ROUNDOFF * size, "columns " + columns);
                }
            }
        }
    }
}
