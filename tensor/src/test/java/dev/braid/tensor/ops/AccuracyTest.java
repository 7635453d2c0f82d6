package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class AccuracyTest {
    private static long correct(Fixture fixture, Tensor logits, int... labels) {
        Tensor figures = fixture.zeros(DType.F32, Accuracy.FIGURES, labels.length);
        Tensor targets = fixture.ints(labels);
        Accuracy.figures(fixture.compute(), logits, targets, figures);
        return Accuracy.count(1, figures, targets);
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldCountRowsWhoseLabelHasTheLargestLogit(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor logits = fixture.of(DType.F32, 1, 3, 2, 5, -1, 0, -7, -6, -5).reshape(3, 3);
            assertThat(correct(fixture, logits, 1, 0, 2)).isEqualTo(3);
            assertThat(correct(fixture, logits, 1, 1, 2)).isEqualTo(2);
            assertThat(correct(fixture, logits, 0, 2, 1)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldNotCountIgnoredRowsNorTiesNorWhatIsNoNumber(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor logits = fixture.of(DType.F32, 9, 0, 4, 4, Double.NaN, 1, 1, Double.NaN)
                    .reshape(4, 2);
            assertThat(correct(fixture, logits, CrossEntropy.IGNORED, 0, 0, 0)).isZero();
            assertThat(correct(fixture, logits, 0, 0, 0, 0)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldFindTheLabelAnywhereInRowsOfAnyLength(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor logits = fixture.random(DType.F32, 1, columns);
                int largest = 0;
                for (int column = 1; column < columns; column++) {
                    largest = logits.get(column) > logits.get(largest) ? column : largest;
                }
                for (int label = 0; label < columns; label++) {
                    assertThat(correct(fixture, logits, label))
                            .as("label %d of %d columns", label, columns)
                            .isEqualTo(label == largest ? 1 : 0);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldCountOverTheColumnsOfAllRanks(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            // Two ranks with two columns each; the labels are 3, 1 and 2 of all four columns.
            Tensor first = fixture.of(DType.F32, 1, 2, 8, 9, 5, 6).reshape(3, 2);
            Tensor second = fixture.of(DType.F32, 0, 3, 7, 1, 7, 8).reshape(3, 2);
            int elsewhere = DividedCrossEntropy.ELSEWHERE;
            Tensor figures = fixture.zeros(DType.F32, 2, Accuracy.FIGURES * 3);
            Accuracy.figures(fixture.compute(), first, fixture.ints(elsewhere, 1, elsewhere), figures.rows(0, 1));
            Tensor labels = fixture.ints(1, elsewhere, 0);
            Accuracy.figures(fixture.compute(), second, labels, figures.rows(1, 1));
            // Right: 3 is above 1, 2 and 0; 9 is above 8, 7 and 1; 7 is not above 8.
            assertThat(Accuracy.count(2, figures, labels)).isEqualTo(2);
        }
    }
}
