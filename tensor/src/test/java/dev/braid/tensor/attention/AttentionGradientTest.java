package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients against central differences, in double, of the loss {@code sum(dO * O)} by the dense formula. */
@Tag("widths")
class AttentionGradientTest {
    private static final double STEP = 1e-5;
    private static final int SEED = 5;

    static Stream<Arguments> kernels() {
        AttentionSpec causal = new AttentionSpec(1, 7, 9, 2, 0, true, 0.4f);
        AttentionSpec windowed =
                new AttentionSpec(1, 7, 9, 2, 0, true, new AttentionOptions(0.4f, 1.5f, new Window(3, 2)));
        return Kernels.all().flatMap(kernel -> Stream.of(Arguments.of(kernel, causal), Arguments.of(kernel, windowed)));
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldEqualFiniteDifferences(AttentionKernel kernel, AttentionSpec spec) {
        try (Compute compute = new Compute(2, "vector", "test")) {
            Case one = new Case(compute, spec, 4, 2, 3, DType.F32, SEED)
                    .forward(kernel)
                    .backward(kernel);
            double[][][] q = one.queryValues(one.q);
            double[][][] k = one.keyValues(one.k);
            double[][][] v = one.keyValues(one.v);
            double[][][] dO = one.queryValues(one.dO);
            check("dq", spec, q, q, k, v, dO, one.queryValues(one.dq));
            check("dk", spec, k, q, k, v, dO, one.keyValues(one.dk));
            check("dv", spec, v, q, k, v, dO, one.keyValues(one.dv));
        }
    }

    private static void check(
            String name,
            AttentionSpec spec,
            double[][][] changed,
            double[][][] q,
            double[][][] k,
            double[][][] v,
            double[][][] dO,
            double[][][] gradient) {
        for (int row = 0; row < changed.length; row++) {
            for (int head = 0; head < changed[row].length; head++) {
                for (int column = 0; column < changed[row][head].length; column++) {
                    double value = changed[row][head][column];
                    changed[row][head][column] = value + STEP;
                    double above = loss(spec, q, k, v, dO);
                    changed[row][head][column] = value - STEP;
                    double below = loss(spec, q, k, v, dO);
                    changed[row][head][column] = value;
                    assertThat(gradient[row][head][column])
                            .as("%s[%d][%d][%d] seed %d", name, row, head, column, SEED)
                            .isCloseTo((above - below) / (2 * STEP), offset(5e-6));
                }
            }
        }
    }

    private static double loss(AttentionSpec spec, double[][][] q, double[][][] k, double[][][] v, double[][][] dO) {
        double[][][] o = new Dense(spec, q, k, v, dO).o;
        double loss = 0;
        for (int row = 0; row < o.length; row++) {
            for (int head = 0; head < o[row].length; head++) {
                for (int column = 0; column < o[row][head].length; column++) {
                    loss += o[row][head][column] * dO[row][head][column];
                }
            }
        }
        return loss;
    }
}
