package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class CrossEntropyTest {
    private static final float Z_LOSS = 0.25f;
    private static final float SCALE = 0.5f;

    private static double logSum(double[] logits, int start, int columns) {
        double largest = Arrays.stream(logits, start, start + columns).max().orElseThrow();
        double sum = 0;
        for (int j = 0; j < columns; j++) {
            sum += Math.exp(logits[start + j] - largest);
        }
        return largest + Math.log(sum);
    }

    private static double loss(double[] logits, int[] labels) {
        int columns = logits.length / labels.length;
        double loss = 0;
        for (int row = 0; row < labels.length; row++) {
            if (labels[row] >= 0) {
                double logSum = logSum(logits, row * columns, columns);
                loss += logSum - logits[row * columns + labels[row]] + Z_LOSS * logSum * logSum;
            }
        }
        return loss;
    }

    @Test
    void shouldGiveHandComputedFigures() {
        try (Fixture fixture = new Fixture("vector")) {
            // Probabilities 1/4 and 3/4: the log-sum is ln 4.
            Tensor logits = fixture.of(DType.F32, 0, Math.log(3)).reshape(1, 2);
            Tensor lse = fixture.zeros(DType.F32, 1);
            Tensor loss = fixture.zeros(DType.F32, 1);
            Tensor labels = fixture.ints(1);
            CrossEntropy.forward(fixture.compute(), logits, labels, 0.5f, lse, loss);
            fixture.assertClose(lse, 0, 1.3862943611, 2e-7, "lse");
            // -ln(3/4) + ln(4)^2 / 2
            fixture.assertClose(loss, 0, 0.2876820725 + 0.9609060278, 2e-7, "loss");
            Tensor gradient = fixture.zeros(DType.F32, 1, 2);
            CrossEntropy.gradient(fixture.compute(), logits, labels, lse, 2f, 0f, gradient);
            fixture.assertClose(gradient, 0, 0.5, 2e-7, "gradient");
            fixture.assertClose(gradient, 1, -0.5, 2e-7, "gradient");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldNotOverflowForLargeLogits(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor logits = fixture.of(DType.F32, 3e4, 3e4, -3e4).reshape(1, 3);
            Tensor lse = fixture.zeros(DType.F32, 1);
            Tensor loss = fixture.zeros(DType.F32, 1);
            CrossEntropy.forward(fixture.compute(), logits, fixture.ints(0), 0f, lse, loss);
            fixture.assertClose(loss, 0, Math.log(2), 1e-7, "loss");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveLossesOfRowsOfAnyLength(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor logits = fixture.random(DType.F32, 4, columns);
                Tensor labels = fixture.randomIndices(columns, 4);
                Tensor lse = fixture.zeros(DType.F32, 4);
                Tensor loss = fixture.zeros(DType.F32, 4);
                CrossEntropy.forward(fixture.compute(), logits, labels, Z_LOSS, lse, loss);
                for (int row = 0; row < 4; row++) {
                    double expected = logSum(doubles(logits), row * columns, columns);
                    double logit = logits.get((long) row * columns + labels.getInt(row));
                    double tolerance = (columns + 8) * F32_ROUNDOFF * (1 + Math.abs(expected));
                    fixture.assertClose(lse, row, expected, tolerance, "lse, columns " + columns);
                    double expectedLoss = expected - logit + Z_LOSS * expected * expected;
                    double size = 1 + Math.abs(logit) + expected * expected;
                    double lossTolerance = (columns + 8) * F32_ROUNDOFF * 2 * size;
                    fixture.assertClose(loss, row, expectedLoss, lossTolerance, "loss, columns " + columns);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAgreeWithFiniteDifferences(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : new int[] {1, 5, 16, 49}) {
                int[] labels = {columns - 1, CrossEntropy.IGNORED, 0};
                Tensor logits = fixture.random(DType.F32, 3, columns);
                Tensor lse = fixture.zeros(DType.F32, 3);
                Tensor loss = fixture.zeros(DType.F32, 3);
                Tensor two = fixture.zeros(dtype, 3, columns);
                Tensor one = fixture.zeros(dtype, 3, columns);
                Tensor labelTensor = fixture.ints(labels);
                CrossEntropy.forward(fixture.compute(), logits, labelTensor, Z_LOSS, lse, loss);
                CrossEntropy.gradient(fixture.compute(), logits, labelTensor, lse, SCALE, Z_LOSS, two);
                CrossEntropy.forwardGradient(fixture.compute(), logits, labelTensor, SCALE, Z_LOSS, lse, loss, one);
                double[] expected = FiniteDifferences.gradient(doubles(logits), moved -> SCALE * loss(moved, labels));
                for (int i = 0; i < expected.length; i++) {
                    fixture.assertClose(two, i, expected[i], 2e-6, "columns " + columns);
                    fixture.assertClose(one, i, expected[i], 2e-6, "at once, columns " + columns);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldLeaveNothingInIgnoredRows(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor logits = fixture.random(DType.F32, 2, 21);
            Tensor labels = fixture.ints(CrossEntropy.IGNORED, 3);
            Tensor lse = fixture.random(DType.F32, 2);
            Tensor loss = fixture.random(DType.F32, 2);
            Tensor gradient = fixture.random(dtype, 2, 21);
            CrossEntropy.forward(fixture.compute(), logits, labels, 0f, lse, loss);
            assertThat(loss.get(0)).isZero();
            assertThat(loss.get(1)).isPositive();
            CrossEntropy.gradient(fixture.compute(), logits, labels, lse, SCALE, 0f, gradient);
            assertThat(gradient.rows(0, 1).toFloats()).containsOnly(0f);
            Tensor again = fixture.random(dtype, 2, 21);
            CrossEntropy.forwardGradient(fixture.compute(), logits, labels, SCALE, 0f, lse, loss, again);
            assertThat(loss.get(0)).isZero();
            assertThat(again.rows(0, 1).toFloats()).containsOnly(0f);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveTheSameBitsInPlaceAndAtOnce(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor logits = fixture.random(DType.F32, 5, 100);
            Tensor labels = fixture.randomIndices(100, 5);
            Tensor lse = fixture.zeros(DType.F32, 5);
            Tensor loss = fixture.zeros(DType.F32, 5);
            Tensor apart = fixture.zeros(DType.F32, 5, 100);
            CrossEntropy.forward(fixture.compute(), logits, labels, Z_LOSS, lse, loss);
            CrossEntropy.gradient(fixture.compute(), logits, labels, lse, SCALE, Z_LOSS, apart);
            Tensor inPlace = fixture.copy(logits);
            CrossEntropy.gradient(fixture.compute(), inPlace, labels, lse, SCALE, Z_LOSS, inPlace);
            assertThat(inPlace.toFloats()).containsExactly(apart.toFloats());
            Tensor lseAtOnce = fixture.zeros(DType.F32, 5);
            Tensor lossAtOnce = fixture.zeros(DType.F32, 5);
            CrossEntropy.forwardGradient(
                    fixture.compute(), logits, labels, SCALE, Z_LOSS, lseAtOnce, lossAtOnce, apart);
            assertThat(lseAtOnce.toFloats()).containsExactly(lse.toFloats());
            assertThat(lossAtOnce.toFloats()).containsExactly(loss.toFloats());
            CrossEntropy.forwardGradient(
                    fixture.compute(), logits, labels, SCALE, Z_LOSS, lseAtOnce, lossAtOnce, logits);
            assertThat(logits.toFloats()).containsExactly(apart.toFloats());
        }
    }
}
