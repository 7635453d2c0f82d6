package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tokens 4 to 6 of six with two values a head, a window of 3, scale 2 and cap 0.8, as {@code eager_attention_forward} of Gemma 2
 * and {@code sliding_window_causal_mask_function} in transformers 5.18 give them under PyTorch 2.13 in double, with gradients by
 * its autograd: {@code q = sin(.3t + .7i)}, {@code k = cos(.5t - .4i)}, {@code v = sin(.2ti)}, {@code dO = cos(ti)} for
 * t = 1..6, i = 1, 2.
 */
@Tag("widths")
class WindowGoldenTest {
    private static final int LENGTH = 6;
    private static final int SIZE = 2;
    private static final int FIRST = 3;
    private static final double[][] O = {
        {0.5328951564316742, 0.8649640807627315},
        {0.6513027936878558, 0.9495677824800756},
        {0.8080342283158461, 0.8914253727167631}
    };
    private static final double[][] DQ = {
        {0.001465964332331205, -0.021065600085156677},
        {-0.005281705164086875, -0.008096605177213837},
        {-0.0003208991118092853, 0.0049128069009815815}
    };
    private static final double[][] DK = {
        {-0.0625963752289326, -0.03274060664554825},
        {0.017476681846663265, 0.0011791275152160767},
        {-0.005831048903995997, 0.000568752428009361}
    };
    private static final double[][] DV = {
        {0.3679460142025058, 0.08947391568412588},
        {0.3249230364688172, 0.1296493266109279},
        {0.2412027219500905, 0.21198309779476954}
    };

    static Stream<AttentionKernel> kernels() {
        return Kernels.all();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldGiveWhatGemma2Gives(AttentionKernel kernel) {
        try (Compute compute = new Compute(1, "vector", "test")) {
            Heads q = heads(compute, (t, i) -> Math.sin(0.3 * t + 0.7 * i));
            Heads k = heads(compute, (t, i) -> Math.cos(0.5 * t - 0.4 * i));
            Heads v = heads(compute, (t, i) -> Math.sin(0.2 * t * i));
            Heads dO = heads(compute, (t, i) -> Math.cos(t * i));
            Heads o = heads(compute, (t, i) -> 0);
            Heads dq = heads(compute, (t, i) -> 0);
            Heads dk = heads(compute, (t, i) -> 0);
            Heads dv = heads(compute, (t, i) -> 0);
            Tensor lse = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(1, 1, LENGTH));
            AttentionSpec spec = AttentionSpec.causal(1, LENGTH, new AttentionOptions(2, 0.8f, new Window(3, 0)));
            Attention.forward(kernel, compute, spec, q, k, v, o, lse);
            Attention.backward(kernel, compute, spec, q, k, v, o, lse, dO, dq, dk, dv);
            check("O", o, O);
            check("dQ", dq, DQ);
            check("dK", dk, DK);
            check("dV", dv, DV);
        }
    }

    private static Heads heads(Compute compute, DoubleBinaryOperator formula) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(LENGTH, SIZE));
        for (int row = 0; row < LENGTH; row++) {
            for (int column = 0; column < SIZE; column++) {
                tensor.set((long) row * SIZE + column, (float) formula.applyAsDouble(row + 1, column + 1));
            }
        }
        return Heads.of(tensor, SIZE);
    }

    private static void check(String name, Heads actual, double[][] expected) {
        for (int i = 0; i < expected.length; i++) {
            for (int column = 0; column < SIZE; column++) {
                assertThat((double) actual.tensor().get((long) (FIRST + i) * SIZE + column))
                        .as("%s of token %d, value %d", name, FIRST + i + 1, column)
                        .isCloseTo(expected[i][column], offset(1e-6));
            }
        }
    }
}
