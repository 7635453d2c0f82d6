package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "7, 7",
        "999, 999",
        "3.14159, 3.14",
        "1000, 1.00k",
        "12345, 12.3k",
        "99949, 99.9k",
        "99960, 100k",
        "999499, 999k",
        "999500, 1.00M",
        "32000000, 32.0M",
        "1.5e9, 1.50B",
        "2e12, 2.00T",
        "3e15, 3000T",
        "-12345, -12.3k",
        "NaN, NaN",
        "Infinity, inf",
        "-Infinity, -inf"
    })
    void shouldShortenCounts(double value, String expected) {
        assertThat(Format.count(value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "512, 512 B",
        "1023, 1023 B",
        "1024, 1.0 KiB",
        "2254857830, 2.1 GiB",
        "223346688, 213 MiB",
        "1048575, 1.0 MiB",
        "22548578304, 21.0 GiB"
    })
    void shouldWriteMemoryInPowersOf1024(double value, String expected) {
        assertThat(Format.bytes(value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"999, 999 B", "12345678, 12.3 MB", "213000000, 213 MB", "999600, 1.0 MB"})
    void shouldWriteDataInPowersOf1000(double value, String expected) {
        assertThat(Format.decimalBytes(value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"3.1e11, 310 GFLOP/s", "1.23e12, 1.2 TFLOP/s", "5e5, 500 kFLOP/s", "0, 0 FLOP/s", "NaN, NaN FLOP/s"})
    void shouldWriteFlops(double value, String expected) {
        assertThat(Format.flops(value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"7.35e11, 735 GFLOP", "4.2345e22, 42.3 ZFLOP", "12, 12 FLOP"})
    void shouldWriteOperations(double value, String expected) {
        assertThat(Format.operations(value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.0s",
        "0.44, 0.4s",
        "9.94, 9.9s",
        "9.96, 10s",
        "59.4, 59s",
        "59.6, 1m00s",
        "72, 1m12s",
        "3599.4, 59m59s",
        "3599.6, 1h00m",
        "3720, 1h02m",
        "86399, 1d00h",
        "183600, 2d03h",
        "-72, -1m12s",
        "NaN, NaN"
    })
    void shouldWriteTheTwoLargestUnitsOfADuration(double seconds, String expected) {
        assertThat(Format.duration(seconds)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0.414, 41%", "0.0414, 4.1%", "0.0996, 10%", "1, 100%", "0, 0%", "NaN, NaN"})
    void shouldWriteShares(double share, String expected) {
        assertThat(Format.percent(share)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "3.14159, 3, 3.142",
        "0, 3, 0.000",
        "0.0101, 3, 0.010",
        "0.00012, 3, 1.2e-4",
        "12.5, 2, 12.50",
        "4.2e8, 2, 4.2e8",
        "-3.5, 2, -3.50",
        "NaN, 2, NaN",
        "Infinity, 2, inf"
    })
    void shouldKeepDecimalsWhereTheyShowSomething(double value, int decimals, String expected) {
        assertThat(Format.fixed(value, decimals)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0.003, 3.0e-3", "1e-10, 1.0e-10", "0, 0", "250, 2.5e2", "-Infinity, -inf"})
    void shouldWriteLearningRatesAsInConfigFiles(double value, String expected) {
        assertThat(Format.scientific(value)).isEqualTo(expected);
    }

    @Test
    void shouldGroupDigitsByThreeWhenTheDefaultLocaleDoesOtherwise() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            assertThat(Format.grouped(1_234_567)).isEqualTo("1,234,567");
            assertThat(Format.fixed(3.5, 1)).isEqualTo("3.5");
        } finally {
            Locale.setDefault(before);
        }
    }
}
