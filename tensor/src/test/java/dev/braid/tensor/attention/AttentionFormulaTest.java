package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Both kernels against the dense formula in double, over odd sizes. */
@Tag("widths")
class AttentionFormulaTest {
    private Compute compute;

    @BeforeEach
    void open() {
        compute = new Compute(2, "vector", "test");
    }

    @AfterEach
    void close() {
        compute.close();
    }

    private static AttentionSpec causal(int batch, int length, int size) {
        return AttentionSpec.causal(batch, length, size);
    }

    /** Spec, heads, key heads, head size. */
    static Stream<Arguments> shapes() {
        return Stream.of(
                Arguments.of(causal(1, 1, 1), 1, 1, 1),
                Arguments.of(causal(2, 2, 3), 2, 1, 3),
                Arguments.of(causal(1, 3, 8), 3, 1, 8),
                Arguments.of(causal(2, 17, 24), 4, 2, 24),
                Arguments.of(causal(1, 63, 64), 2, 2, 64),
                Arguments.of(causal(1, 64, 80), 2, 1, 80),
                Arguments.of(causal(1, 65, 128), 6, 2, 128),
                Arguments.of(causal(1, 130, 256), 1, 1, 256),
                Arguments.of(causal(3, 130, 33), 2, 1, 33),
                Arguments.of(causal(1, 257, 16), 8, 2, 16),
                Arguments.of(causal(1, 600, 5), 1, 1, 5),
                Arguments.of(new AttentionSpec(2, 70, 70, 0, 0, false, 0.3f), 2, 1, 20),
                Arguments.of(new AttentionSpec(2, 1, 200, 199, 0, true, 0.2f), 4, 1, 40),
                Arguments.of(new AttentionSpec(1, 50, 90, 40, 0, true, 0.2f), 2, 2, 12),
                Arguments.of(new AttentionSpec(2, 90, 70, 20, 50, true, -0.2f), 2, 2, 12),
                Arguments.of(new AttentionSpec(1, 20, 30, 1000, 1_000_000, true, 0.2f), 2, 2, 12),
                Arguments.of(new AttentionSpec(1, 150, 70, 3_000_000_000L, 2_999_999_950L, true, 1f), 1, 1, 40),
                Arguments.of(windowed(1, 5, 1, 0, 4), 1, 1, 4),
                Arguments.of(windowed(2, 70, 9, 0, 12), 4, 2, 12),
                Arguments.of(windowed(1, 200, 1, 2, 8), 2, 1, 8),
                Arguments.of(windowed(2, 330, 64, 0, 20), 4, 1, 20),
                Arguments.of(windowed(1, 330, 100, 4, 24), 2, 2, 24),
                Arguments.of(windowed(1, 300, 70, 65, 33), 1, 1, 33),
                Arguments.of(windowed(1, 40, 1000, 3, 16), 2, 1, 16),
                Arguments.of(new AttentionSpec(2, 90, 220, 130, 0, true, options(30, 2, 3f)), 2, 2, 12),
                Arguments.of(new AttentionSpec(1, 150, 70, 20, 50, true, options(40, 60, 50f)), 2, 1, 12),
                Arguments.of(new AttentionSpec(1, 20, 30, 1000, 10, true, options(40, 20, 50f)), 2, 2, 12),
                Arguments.of(AttentionSpec.causal(2, 130, capped(0.4f, 50)), 4, 2, 40),
                Arguments.of(AttentionSpec.causal(1, 67, capped(2f, 0.7f)), 2, 1, 9));
    }

    /** Spec, heads, key heads, key size, value size, columns between two heads of values. */
    static Stream<Arguments> valueSizes() {
        return Stream.of(
                Arguments.of(causal(1, 1, 1), 1, 1, 1, 2, 0),
                Arguments.of(causal(2, 17, 24), 4, 2, 24, 9, 5),
                Arguments.of(causal(1, 70, 24), 2, 2, 24, 40, 0),
                Arguments.of(causal(1, 130, 192), 2, 2, 192, 128, 128),
                Arguments.of(causal(1, 67, 33), 2, 1, 33, 100, 3),
                // Queries of all heads that read one latent, as a decoder does.
                Arguments.of(causal(1, 70, 576), 3, 1, 576, 512, 0),
                Arguments.of(new AttentionSpec(1, 3, 90, 0, 0, false, 0.05f), 1, 1, 576, 512, 0),
                Arguments.of(windowed(1, 150, 40, 2, 20), 2, 1, 20, 7, 1),
                Arguments.of(AttentionSpec.causal(1, 67, capped(2f, 0.7f)), 2, 1, 9, 17, 1));
    }

    private static AttentionSpec windowed(int batch, int length, int window, int sinks, int size) {
        float scale = (float) (1 / Math.sqrt(size));
        return AttentionSpec.causal(
                batch, length, new AttentionOptions(scale, AttentionOptions.UNCAPPED, new Window(window, sinks)));
    }

    private static AttentionOptions options(int window, int sinks, float cap) {
        return new AttentionOptions(0.3f, cap, new Window(window, sinks));
    }

    private static AttentionOptions capped(float scale, float cap) {
        return new AttentionOptions(scale, cap, Window.ALL);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void shouldEqualTheDenseFormulaInF32(AttentionSpec spec, int heads, int kvHeads, int headSize) {
        compare(new VectorAttention(), spec, heads, kvHeads, headSize, DType.F32, 3e-6, 2e-5);
        compare(new ScalarAttention(), spec, heads, kvHeads, headSize, DType.F32, 3e-6, 2e-5);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void shouldEqualTheDenseFormulaUpToOutputRoundingInBf16(AttentionSpec spec, int heads, int kvHeads, int headSize) {
        compare(new VectorAttention(), spec, heads, kvHeads, headSize, DType.BF16, 0x1p-8, 0x1p-6);
        compare(new ScalarAttention(), spec, heads, kvHeads, headSize, DType.BF16, 0x1p-8, 0x1p-6);
    }

    @ParameterizedTest
    @MethodSource("valueSizes")
    void shouldTakeValuesOfAnotherSizeThanKeys(
            AttentionSpec spec, int heads, int kvHeads, int headSize, int valueSize, int gap) {
        for (AttentionKernel kernel : Kernels.all().toList()) {
            long seed = 100L * headSize + valueSize;
            Case f32 = new Case(compute, spec, heads, kvHeads, headSize, valueSize, gap, DType.F32, seed);
            compare(kernel, f32, 3e-6, 2e-5);
            Case bf16 = new Case(compute, spec, heads, kvHeads, headSize, valueSize, gap, DType.BF16, seed);
            compare(kernel, bf16, 0x1p-8, 0x1p-6);
        }
    }

    @Test
    void shouldLeaveTheColumnsBetweenHeadsOfValuesAlone() {
        AttentionSpec spec = causal(1, 5, 4);
        Case one = new Case(compute, spec, 2, 2, 4, 3, 2, DType.F32, 1);
        one.dv.tensor().zero();
        one.forward(new VectorAttention()).backward(new VectorAttention());
        int columns = Math.toIntExact(one.dv.tensor().shape().columns());
        for (int row = 0; row < 5; row++) {
            for (int head = 0; head < 2; head++) {
                long behind = (long) row * columns + one.dv.firstColumn() + head * 5L + 3;
                assertThat(one.dv.tensor().get(behind)).isZero();
                assertThat(one.dv.tensor().get(behind - 1)).isNotZero();
            }
        }
    }

    /** Tolerances are relative to the largest element, forward and backward. */
    private void compare(
            AttentionKernel kernel,
            AttentionSpec spec,
            int heads,
            int kvHeads,
            int headSize,
            DType dtype,
            double forward,
            double backward) {
        long seed = 1_000L * spec.queries() + headSize;
        compare(kernel, new Case(compute, spec, heads, kvHeads, headSize, dtype, seed), forward, backward);
    }

    private static void compare(AttentionKernel kernel, Case one, double forward, double backward) {
        AttentionSpec spec = one.spec;
        double[][][] q = one.queryValues(one.q);
        double[][][] k = one.keyValues(one.k);
        double[][][] v = one.keyValues(one.v);
        Dense dense = new Dense(spec, q, k, v, one.queryValues(one.dO));
        one.forward(kernel).backward(kernel);
        String context = kernel.getClass().getSimpleName() + " seed " + one.seed + " ";
        near(context + "o", one.queryValues(one.o), dense.o, forward);
        near(context + "dq", one.queryValues(one.dq), dense.dq, backward);
        near(context + "dk", one.keyValues(one.dk), dense.dk, backward);
        near(context + "dv", one.keyValues(one.dv), dense.dv, backward);
        for (int row = 0; row < dense.lse.length; row++) {
            for (int head = 0; head < one.q.heads(); head++) {
                int index = (row / spec.queries() * one.q.heads() + head) * spec.queries() + row % spec.queries();
                double expected = dense.lse[row][head];
                double actual = one.lse.get(index);
                assertThat(actual == expected || Math.abs(actual - expected) < 3e-6 * (1 + Math.abs(expected)))
                        .as("%slse of row %d head %d: %s for %s", context, row, head, actual, expected)
                        .isTrue();
            }
        }
    }

    private static void near(String name, double[][][] actual, double[][][] expected, double tolerance) {
        double largest = 1;
        for (double[][] row : expected) {
            for (double[] head : row) {
                for (double value : head) {
                    largest = Math.max(largest, Math.abs(value));
                }
            }
        }
        for (int row = 0; row < expected.length; row++) {
            for (int head = 0; head < expected[row].length; head++) {
                for (int column = 0; column < expected[row][head].length; column++) {
                    double difference = Math.abs(actual[row][head][column] - expected[row][head][column]);
                    assertThat(difference <= tolerance * largest)
                            .as(
                                    "%s[%d][%d][%d]: %s for %s, allowed %s",
                                    name,
                                    row,
                                    head,
                                    column,
                                    actual[row][head][column],
                                    expected[row][head][column],
                                    tolerance * largest)
                            .isTrue();
                }
            }
        }
    }
}
