package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SeriesTest {
    private static final double NAN = Double.NaN;

    @Test
    void shouldKeepTheEndsAndEveryExtremeWhenItDownsamples() {
        long seed = 7;
        Random random = new Random(seed);
        Series series = new Series();
        for (int step = 1; step <= 1_000_000; step++) {
            series.add(step, step == 777_777 ? 50 : step == 123_456 ? -50 : random.nextDouble());
        }
        Series kept = series.downsampled(400);
        assertThat(kept.size()).as("seed %d", seed).isLessThanOrEqualTo(802);
        assertThat(steps(kept))
                .as("seed %d", seed)
                .contains(1.0, 123_456.0, 777_777.0, 1_000_000.0)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(kept.min()).isEqualTo(-50);
        assertThat(kept.max()).isEqualTo(50);
    }

    @Test
    void shouldKeepTheSmallestAndLargestOfEachBinInOrderOfSteps() {
        Series kept = series(5, 9, 1, 4, 3, 3, 8, 2, 6, 7, 0, 5).downsampled(2);
        assertThat(steps(kept)).containsExactly(1.0, 2.0, 3.0, 7.0, 11.0, 12.0);
        assertThat(values(kept)).containsExactly(5.0, 9.0, 1.0, 8.0, 0.0, 5.0);
    }

    @Test
    void shouldStayAsItIsWhenItHasFewPoints() {
        Series series = series(1, NAN, 3, 4, 5, 6);
        assertThat(series.downsampled(2)).isSameAs(series);
    }

    @Test
    void shouldLeaveOutWhatIsNotFiniteWhenItDownsamples() {
        Series kept = series(NAN, 2, 3, 4, Double.POSITIVE_INFINITY, 6, NAN, NAN, NAN, NAN, NAN, NAN)
                .downsampled(2);
        assertThat(values(kept)).containsExactly(2.0, 6.0);
    }

    @Test
    void shouldSmoothWithoutLagAndOverWhatIsFinite() {
        assertThat(values(series(0, 3, 6, 12, 0).smoothed(1))).containsExactly(0.0, 3.0, 7.0, 6.0, 0.0);
        assertThat(values(series(1, NAN, 5, 7, 9).smoothed(1))).containsExactly(1.0, 3.0, 6.0, 7.0, 9.0);
        assertThat(values(series(1, 2, 3, 4, 5).smoothed(2))).containsExactly(1.0, 2.0, 3.0, 4.0, 5.0);
        assertThat(values(series(NAN, NAN).smoothed(3))).containsExactly(NAN, NAN);
    }

    @Test
    void shouldAverageBins() {
        Series means = series(1, 3, 5, 7, NAN, 2).binned(3);
        assertThat(values(means)).containsExactly(2.0, 6.0, 2.0);
        assertThat(steps(means)).containsExactly(1.5, 3.5, 5.5);
    }

    @Test
    void shouldTakeMedianAndRangeOfTheFinite() {
        Series series = series(4, NAN, 1, Double.POSITIVE_INFINITY, 3);
        assertThat(series.median()).isEqualTo(3);
        assertThat(series(1, 2, 4, 8).median()).isEqualTo(3);
        assertThat(series.min()).isEqualTo(1);
        assertThat(series.max()).isEqualTo(4);
        assertThat(steps(series.nonFinite())).containsExactly(2.0, 4.0);
        assertThat(series(NAN).median()).isNaN();
        assertThat(series(NAN).min()).isNaN();
        assertThat(series().max()).isNaN();
    }

    static Series series(double... values) {
        Series series = new Series();
        for (int i = 0; i < values.length; i++) {
            series.add(i + 1, values[i]);
        }
        return series;
    }

    private static List<Double> steps(Series series) {
        List<Double> steps = new ArrayList<>();
        for (int i = 0; i < series.size(); i++) {
            steps.add(series.step(i));
        }
        return steps;
    }

    private static List<Double> values(Series series) {
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < series.size(); i++) {
            values.add(series.value(i));
        }
        return values;
    }
}
