package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {
    @ParameterizedTest
    @CsvSource({"1, 1", "1.3, 1", "1.5, 2", "3.1, 2", "3.2, 5", "7, 5", "7.1, 10", "0.0031, 0.002", "240, 200"})
    void shouldChooseRoundIntervals(double wanted, double interval) {
        assertThat(Axis.niceInterval(wanted)).isCloseTo(interval, within(interval * 1e-12));
    }

    @Test
    void shouldPutTicksAtRoundNumbers() {
        assertThat(labels(Axis.linear(3.1, 8.9, 6))).containsExactly("3", "4", "5", "6", "7", "8", "9");
        assertThat(labels(Axis.linear(2.95, 3.12, 4))).containsExactly("2.95", "3.00", "3.05", "3.10");
        assertThat(labels(Axis.linear(-1, 1, 4))).containsExactly("-1.0", "-0.5", "0", "0.5", "1.0");
        assertThat(labels(Axis.linear(5500, 13900, 4))).containsExactly("6k", "8k", "10k", "12k", "14k");
        assertThat(labels(Axis.linear(0, 3e-3, 3))).containsExactly("0", "1e-3", "2e-3", "3e-3");
        assertThat(labels(Axis.linear(2.5e-4, 3e-4, 2))).containsExactly("2.6e-4", "2.8e-4", "3.0e-4");
        assertThat(labels(Axis.linear(1e18, 3e18, 2))).containsExactly("1e18", "2e18", "3e18");
    }

    @Test
    void shouldBeginStepsAtTheFirst() {
        assertThat(labels(Axis.steps(1, 300, 3))).containsExactly("1", "100", "200", "300");
        assertThat(labels(Axis.steps(1, 1_000_000, 2))).containsExactly("1", "500k", "1M");
        assertThat(labels(Axis.steps(31, 35, 10))).containsExactly("31", "32", "33", "34", "35");
        assertThat(labels(Axis.steps(7, 7, 10))).containsExactly("7");
        assertThat(Axis.steps(7, 7, 10).position(7)).isZero();
    }

    @Test
    void shouldPutLogarithmicTicksAtDecadesWhenTheRangeIsWide() {
        assertThat(labels(Axis.logarithmic(0.5, 40, 6))).containsExactly("0.5", "1", "2", "5", "10", "20");
        assertThat(labels(Axis.logarithmic(1e-4, 3e3, 4))).containsExactly("1e-4", "0.01", "1", "100");
        assertThat(labels(Axis.logarithmic(3, 9, 4))).containsExactly("4", "6", "8");
    }

    @Test
    void shouldPlaceValues() {
        Axis linear = Axis.linear(0, 10, 5);
        assertThat(linear.low()).isZero();
        assertThat(linear.position(linear.high())).isEqualTo(1);
        Axis logarithmic = new Axis(1, 100, true, List.of());
        assertThat(logarithmic.position(10)).isEqualTo(0.5);
    }

    @Test
    void shouldHaveARangeForOneValueAndForNone() {
        Axis one = Axis.linear(3, 3, 4);
        assertThat(one.low()).isLessThan(3);
        assertThat(one.high()).isGreaterThan(3);
        assertThat(one.ticks()).isNotEmpty();
        assertThat(Axis.linear(0, 0, 4).position(0)).isBetween(0.0, 1.0);
        assertThat(Axis.linear(Double.NaN, Double.NaN, 4).high()).isEqualTo(1.04);
        assertThat(Axis.logarithmic(3, 3, 4).position(3)).isBetween(0.3, 0.7);
        assertThat(Axis.logarithmic(Double.NaN, Double.NaN, 4).ticks()).isNotEmpty();
    }

    private static List<String> labels(Axis axis) {
        return axis.ticks().stream().map(Axis.Tick::label).toList();
    }
}
