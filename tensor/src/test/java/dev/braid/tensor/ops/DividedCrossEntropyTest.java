package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Two ranks' parts of the logits, one after the other on one rank. */
@Tag("widths")
final class DividedCrossEntropyTest {
    private static final int IGNORED = CrossEntropy.IGNORED;
    private static final int ELSEWHERE = DividedCrossEntropy.ELSEWHERE;

    @Test
    void shouldGiveHandComputedFigures() {
        try (Fixture fixture = new Fixture("vector")) {
            // Four logits 0, 0 | 0, ln 3: probabilities 1/6, 1/6 | 1/6, 1/2; the label is the last.
            Tensor first = fixture.of(DType.F32, 0, 0).reshape(1, 2);
            Tensor second = fixture.of(DType.F32, 0, Math.log(3)).reshape(1, 2);
            Tensor figures = fixture.zeros(DType.F32, 4);
            DividedCrossEntropy.figures(fixture.compute(), first, fixture.ints(ELSEWHERE), figures.rows(0, 2));
            DividedCrossEntropy.figures(fixture.compute(), second, fixture.ints(1), figures.rows(2, 2));
            fixture.assertClose(figures, 0, Math.log(2), 2e-7, "lse of rank 0");
            assertThat(figures.get(1)).as("the label is not on rank 0").isZero();
            fixture.assertClose(figures, 2, Math.log(4), 2e-7, "lse of rank 1");
            fixture.assertClose(figures, 3, Math.log(3), 2e-7, "logit of the label");

            Tensor lse = fixture.zeros(DType.F32, 1);
            Tensor loss = fixture.zeros(DType.F32, 1);
            DividedCrossEntropy.combine(fixture.compute(), 2, figures, fixture.ints(1), 0, lse, loss);
            fixture.assertClose(lse, 0, Math.log(6), 3e-7, "lse");
            fixture.assertClose(loss, 0, Math.log(2), 3e-7, "loss");

            DividedCrossEntropy.gradient(fixture.compute(), first, fixture.ints(ELSEWHERE), lse, 6, 0, first);
            DividedCrossEntropy.gradient(fixture.compute(), second, fixture.ints(1), lse, 6, 0, second);
            fixture.assertClose(first, 0, 1, 1e-6, "gradient");
            fixture.assertClose(first, 1, 1, 1e-6, "gradient");
            fixture.assertClose(second, 0, 1, 1e-6, "gradient");
            fixture.assertClose(second, 1, 3 - 6, 1e-6, "gradient");
        }
    }

    @Test
    void shouldTellWhichLabelsAreHere() {
        try (Fixture fixture = new Fixture("scalar")) {
            Tensor local = fixture.ints(0, 0, 0, 0, 0);
            DividedCrossEntropy.localLabels(fixture.ints(3, 5, 2, 6, IGNORED), 3, 3, 8, local);
            int[] found = {local.getInt(0), local.getInt(1), local.getInt(2), local.getInt(3), local.getInt(4)};
            assertThat(found).containsExactly(0, 2, ELSEWHERE, ELSEWHERE, IGNORED);
        }
    }

    @Test
    void shouldRefuseLabelsOutsideOfTheVocabulary() {
        try (Fixture fixture = new Fixture("scalar")) {
            Tensor local = fixture.ints(0);
            assertThatThrownBy(() -> DividedCrossEntropy.localLabels(fixture.ints(8), 3, 3, 8, local))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("divided_cross_entropy.local_labels: label 8 at index 0 is outside of 0..7 (vocabulary"
                            + " size 8); a label that does not count is -100");
        }
    }

    /** Of 3 rows, the labels are on this rank, on another, and ignored. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldGiveTheGradientOfOwnColumns(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor logits = fixture.random(DType.F32, 3, columns);
                Tensor local = fixture.ints(columns - 1, ELSEWHERE, IGNORED);
                Tensor lse = fixture.of(DType.F32, 6, 7, 8);
                Tensor gradient = fixture.random(dtype, 3, columns);
                DividedCrossEntropy.gradient(fixture.compute(), logits, local, lse, 0.5f, 0.25f, gradient);
                for (int j = 0; j < columns; j++) {
                    double here = 0.5 * (1 + 2 * 0.25 * 6) * Math.exp(logits.get(j) - 6) - (j == columns - 1 ? 0.5 : 0);
                    double elsewhere = 0.5 * (1 + 2 * 0.25 * 7) * Math.exp(logits.get(columns + j) - 7);
                    fixture.assertClose(gradient, j, here, 1e-6, "label here");
                    fixture.assertClose(gradient, columns + j, elsewhere, 1e-6, "label elsewhere");
                    assertThat(gradient.get(2L * columns + j)).as("ignored").isZero();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveOneRankItsOwnLoss(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor logits = fixture.random(DType.F32, 4, 33);
            Tensor labels = fixture.ints(0, 32, IGNORED, 5);
            Tensor lse = fixture.zeros(DType.F32, 4);
            Tensor loss = fixture.zeros(DType.F32, 4);
            CrossEntropy.forward(fixture.compute(), logits, labels, 0.25f, lse, loss);
            Tensor figures = fixture.zeros(DType.F32, 8);
            DividedCrossEntropy.figures(fixture.compute(), logits, labels, figures);
            Tensor combinedLse = fixture.zeros(DType.F32, 4);
            Tensor combined = fixture.zeros(DType.F32, 4);
            DividedCrossEntropy.combine(fixture.compute(), 1, figures, labels, 0.25f, combinedLse, combined);
            assertThat(combinedLse.toFloats()).containsExactly(lse.toFloats());
            for (int row = 0; row < 4; row++) {
                fixture.assertClose(combined, row, loss.get(row), 2e-6, "loss");
            }
        }
    }

    @Test
    void shouldNotOverflowForLargeLogits() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor figures = fixture.of(DType.F32, 3e4, 3e4, -3e4, 0);
            Tensor lse = fixture.zeros(DType.F32, 1);
            Tensor loss = fixture.zeros(DType.F32, 1);
            DividedCrossEntropy.combine(fixture.compute(), 2, figures, fixture.ints(0), 0, lse, loss);
            assertThat(lse.get(0)).isEqualTo(3e4f);
            assertThat(loss.get(0)).isZero();
        }
    }

    @Test
    void shouldRefuseLabelsThatAreNoColumnsHere() {
        try (Fixture fixture = new Fixture("scalar")) {
            Tensor logits = fixture.zeros(DType.F32, 1, 4);
            Tensor figures = fixture.zeros(DType.F32, 2);
            assertThatThrownBy(() -> DividedCrossEntropy.figures(fixture.compute(), logits, fixture.ints(4), figures))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("divided_cross_entropy.figures: local label 4 at index 0 is outside of 0..3 (columns of"
                            + " this rank); a label that does not count is -100, one that is not here 2147483647");
        }
    }
}
