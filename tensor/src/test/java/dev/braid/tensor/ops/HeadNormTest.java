package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.FiniteDifferences.dot;
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
final class HeadNormTest {
    private static final float EPSILON = 1e-6f;
    private static final int HEADS = 3;
    private static final int KV_HEADS = 2;

    private static double[] forward(double[] qkv, double[] weightQ, double[] weightK) {
        int size = weightQ.length;
        int columns = (HEADS + 2 * KV_HEADS) * size;
        double[] out = qkv.clone();
        for (int start = 0; start < qkv.length; start += columns) {
            for (int head = 0; head < HEADS + KV_HEADS; head++) {
                int from = start + head * size;
                double[] weight = head < HEADS ? weightQ : weightK;
                double[] normed = RmsNormTest.forward(Arrays.copyOfRange(qkv, from, from + size), weight, EPSILON);
                System.arraycopy(normed, 0, out, from, size);
            }
        }
        return out;
    }

    @Test
    void shouldNormaliseQueriesAndKeysAndPassValues() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor qkv = fixture.of(DType.F32, 3, 3, 5, 5, 7, 8).reshape(1, 6);
            Tensor out = fixture.zeros(DType.F32, 1, 6);
            Tensor inverse = fixture.zeros(DType.F32, 1, 2);
            Tensor weightQ = fixture.of(DType.F32, 1, 2);
            Tensor weightK = fixture.of(DType.F32, 10, 20);
            HeadNorm.forward(fixture.compute(), qkv, weightQ, weightK, 1, 1, 0f, out, inverse);
            assertThat(inverse.toFloats()).containsExactly(1 / 3f, 0.2f);
            assertThat(out.toFloats()).containsExactly(1, 2, 10, 20, 7, 8);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldNormaliseHeadsOfAnySize(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int size : new int[] {1, 3, 16, 33, 64}) {
                int columns = (HEADS + 2 * KV_HEADS) * size;
                Tensor qkv = fixture.random(dtype, 9, columns);
                Tensor weightQ = fixture.random(DType.F32, size);
                Tensor weightK = fixture.random(DType.F32, size);
                Tensor out = fixture.zeros(dtype, 9, columns);
                Tensor inverse = fixture.zeros(DType.F32, 9, HEADS + KV_HEADS);
                HeadNorm.forward(fixture.compute(), qkv, weightQ, weightK, HEADS, KV_HEADS, EPSILON, out, inverse);
                double[] expected = forward(doubles(qkv), doubles(weightQ), doubles(weightK));
                for (int i = 0; i < expected.length; i++) {
                    double tolerance = (size + 8) * F32_ROUNDOFF * Math.abs(expected[i]);
                    fixture.assertClose(out, i, expected[i], tolerance, "head size " + size);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAgreeWithFiniteDifferencesInPlace(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            int size = 5;
            int columns = (HEADS + 2 * KV_HEADS) * size;
            Tensor qkv = fixture.random(DType.F32, 3, columns);
            Tensor dOut = fixture.random(DType.F32, 3, columns);
            double[] gradient = doubles(dOut);
            Tensor weightQ = fixture.random(DType.F32, size);
            Tensor weightK = fixture.random(DType.F32, size);
            Tensor out = fixture.zeros(DType.F32, 3, columns);
            Tensor inverse = fixture.zeros(DType.F32, 3, HEADS + KV_HEADS);
            Tensor dWeightQ = fixture.zeros(DType.F32, size);
            Tensor dWeightK = fixture.zeros(DType.F32, size);
            HeadNorm.forward(fixture.compute(), qkv, weightQ, weightK, HEADS, KV_HEADS, EPSILON, out, inverse);
            HeadNorm.weightGradient(fixture.compute(), dOut, qkv, inverse, HEADS, KV_HEADS, dWeightQ, dWeightK);
            HeadNorm.inputGradient(fixture.compute(), dOut, qkv, weightQ, weightK, HEADS, KV_HEADS, inverse, dOut);
            double[] q = doubles(weightQ);
            double[] k = doubles(weightK);
            assertGradient(
                    fixture,
                    dOut,
                    FiniteDifferences.gradient(doubles(qkv), moved -> dot(gradient, forward(moved, q, k))));
            assertGradient(
                    fixture,
                    dWeightQ,
                    FiniteDifferences.gradient(q, moved -> dot(gradient, forward(doubles(qkv), moved, k))));
            assertGradient(
                    fixture,
                    dWeightK,
                    FiniteDifferences.gradient(k, moved -> dot(gradient, forward(doubles(qkv), q, moved))));
        }
    }

    private static void assertGradient(Fixture fixture, Tensor actual, double[] expected) {
        for (int i = 0; i < expected.length; i++) {
            fixture.assertClose(actual, i, expected[i], 1e-5 * Math.max(1, Math.abs(expected[i])), "gradient");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveBf16GradientsNearThoseOfF32(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            int size = 24;
            int columns = (HEADS + 2 * KV_HEADS) * size;
            Tensor qkv = fixture.random(DType.BF16, 70, columns);
            Tensor dOut = fixture.random(DType.BF16, 70, columns);
            Tensor wideQkv = fixture.zeros(DType.F32, 70, columns);
            Tensor wideGradient = fixture.zeros(DType.F32, 70, columns);
            Elementwise.convert(fixture.compute(), qkv, wideQkv);
            Elementwise.convert(fixture.compute(), dOut, wideGradient);
            Tensor weight = fixture.random(DType.F32, size);
            Tensor inverse = fixture.random(DType.F32, 70, HEADS + KV_HEADS);
            Tensor narrow = fixture.zeros(DType.BF16, 70, columns);
            Tensor wide = fixture.zeros(DType.F32, 70, columns);
            HeadNorm.inputGradient(fixture.compute(), dOut, qkv, weight, weight, HEADS, KV_HEADS, inverse, narrow);
            HeadNorm.inputGradient(
                    fixture.compute(), wideGradient, wideQkv, weight, weight, HEADS, KV_HEADS, inverse, wide);
            for (int i = 0; i < wide.count(); i++) {
                assertThat(narrow.get(i)).isEqualTo(DType.fromBf16(DType.toBf16(wide.get(i))));
            }
            Tensor[] sums = new Tensor[4];
            Arrays.setAll(sums, i -> fixture.zeros(DType.F32, size));
            HeadNorm.weightGradient(fixture.compute(), dOut, qkv, inverse, HEADS, KV_HEADS, sums[0], sums[1]);
            HeadNorm.weightGradient(
                    fixture.compute(), wideGradient, wideQkv, inverse, HEADS, KV_HEADS, sums[2], sums[3]);
            assertThat(sums[0].toFloats()).containsExactly(sums[2].toFloats());
            assertThat(sums[1].toFloats()).containsExactly(sums[3].toFloats());
        }
    }
}
