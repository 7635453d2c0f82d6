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
 * Rows 1, 7 and 16 of the golden figures {@code golden/ring_attention.json}: causal attention at T = 16, D = 4 with scale
 * 1/2, {@code q = sin(.3t + .7i)}, {@code k = cos(.5t - .4i)}, {@code v = sin(.2ti)}, {@code dO = cos(ti)} for t = 1..16,
 * i = 1..4, computed in double by dense attention.
 */
@Tag("widths")
class AttentionGoldenTest {
    private static final int LENGTH = 16;
    private static final int SIZE = 4;
    private static final int[] ROWS = {0, 6, 15};
    private static final double[][] O = {
        {0.19866933079506122, 0.3894183423086505, 0.5646424733950355, 0.7173560908995228},
        {0.759504032041663, 0.6167870593158785, -0.0635724616079439, -0.2733060507635784},
        {0.5602681377773204, 0.22247100724124627, 0.2740150600616805, -0.061742027491368014}
    };
    private static final double[][] DQ = {
        {0.0, 0.0, 0.0, 0.0},
        {-0.4447072456994715, -0.4314600389514223, -0.35009477899876934, -0.21345725132823157},
        {-0.07010539095296163, -0.020999008590738118, 0.03142265550164092, 0.07888337321184126}
    };
    private static final double[][] DK = {
        {-0.004749683335306985, 0.03408532964489705, 0.05688947949513873, 0.05293761821617889},
        {0.038293528363999206, -0.039261938940861545, -0.09835190287711629, -0.1111854300993889},
        {-0.03128892968705286, -0.0036848049477456886, 0.025652341135151854, 0.042924790353300483}
    };
    private static final double[][] DV = {
        {-0.017099616314880085, -0.46928777625405627, -0.7150170640739758, -0.5895028679992598},
        {0.06133434078108974, -0.05744448217172289, -0.11797301092243438, -0.15469390283993467},
        {-0.09375200234005764, 0.08166797494650908, -0.06266821855261655, 0.03836165227727303}
    };
    private static final double[] LSE = {1.1600621384502285, 1.6011550747216485, 2.9420371442248276};

    static Stream<AttentionKernel> kernels() {
        return Kernels.all();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldGiveTheGoldenFigures(AttentionKernel kernel) {
        try (Compute compute = new Compute(2, "vector", "test")) {
            Heads q = heads(compute, (t, i) -> Math.sin(0.3 * t + 0.7 * i));
            Heads k = heads(compute, (t, i) -> Math.cos(0.5 * t - 0.4 * i));
            Heads v = heads(compute, (t, i) -> Math.sin(0.2 * t * i));
            Heads dO = heads(compute, (t, i) -> Math.cos(t * i));
            Heads o = heads(compute, (t, i) -> 0);
            Heads dq = heads(compute, (t, i) -> 0);
            Heads dk = heads(compute, (t, i) -> 0);
            Heads dv = heads(compute, (t, i) -> 0);
            Tensor lse = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(1, 1, LENGTH));
            AttentionSpec spec = AttentionSpec.causal(1, LENGTH, SIZE);
            Attention.forward(kernel, compute, spec, q, k, v, o, lse);
            Attention.backward(kernel, compute, spec, q, k, v, o, lse, dO, dq, dk, dv);
            check("O", o, O);
            check("dQ", dq, DQ);
            check("dK", dk, DK);
            check("dV", dv, DV);
            for (int i = 0; i < ROWS.length; i++) {
                assertThat((double) lse.get(ROWS[i])).as("LSE[%d]", ROWS[i]).isCloseTo(LSE[i], offset(1e-6));
            }
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
        for (int i = 0; i < ROWS.length; i++) {
            for (int column = 0; column < SIZE; column++) {
                assertThat((double) actual.tensor().get((long) ROWS[i] * SIZE + column))
                        .as("%s[%d][%d]", name, ROWS[i], column)
                        .isCloseTo(expected[i][column], offset(2e-6));
            }
        }
    }
}
