package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZeroMemoryTest {
    /**
     * Table 1 of the ZeRO paper (arXiv 1910.02054): GB of 1e9 bytes a rank at stages 1, 2 and 3. The paper drops decimals of large
     * figures, so that up to one of the last unit printed may be missing.
     */
    @ParameterizedTest(name = "{1} billion parameters over {0} ranks")
    @CsvSource({
        "1,    7.5, 120,  120,  120",
        "4,    7.5, 52.5, 41.3, 30",
        "16,   7.5, 35.6, 21.6, 7.5",
        "64,   7.5, 31.4, 16.6, 1.88",
        "256,  7.5, 30.4, 15.4, 0.47",
        "1024, 7.5, 30.1, 15.1, 0.12",
        "1,    128, 2048, 2048, 2048",
        "4,    128, 896,  704,  512",
        "16,   128, 608,  368,  128",
        "64,   128, 536,  284,  32",
        "256,  128, 518,  263,  8",
        "1024, 128, 513,  257,  2",
        "1,    1000, 16000, 16000, 16000",
        "4,    1000, 7000, 5500, 4000",
        "16,   1000, 4750, 2875, 1000",
        "64,   1000, 4187, 2218, 250",
        "256,  1000, 4046, 2054, 62.5",
        "1024, 1000, 4011, 2013, 15.6",
    })
    void shouldReproduceTheTableOfThePaper(int ranks, double billions, String first, String second, String third) {
        String[] expected = {first, second, third};
        for (int stage = 1; stage <= 3; stage++) {
            long count = Math.round(billions * 1e9);
            double gigabytes =
                    ZeroMemory.of(count, ElementBytes.ZERO_PAPER, stage, ranks).total() / 1e9;
            String text = expected[stage - 1];
            int decimals = text.contains(".") ? text.length() - text.indexOf('.') - 1 : 0;
            double unit = Math.pow(10, -decimals);
            assertThat(gigabytes).isBetween(Double.parseDouble(text) - unit, Double.parseDouble(text) + unit);
        }
    }

    @Test
    void shouldCountTwoBytesForAHalfFourForAGradientAndTwelveForMasterAndMoments() {
        long million = 1 << 20;
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.BF16), 0, 4))
                .isEqualTo(new ZeroMemory(6 * million, 4 * million, 8 * million));
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.BF16), 1, 4))
                .isEqualTo(new ZeroMemory(2 * million + million, 4 * million, 2 * million));
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.BF16), 2, 4))
                .isEqualTo(new ZeroMemory(2 * million + million, million, 2 * million));
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.BF16), 3, 4))
                .isEqualTo(new ZeroMemory(million / 2 + million, million, 2 * million));
    }

    @Test
    void shouldKeepValuesThatAreTheirOwnMastersWholeUntilStageThree() {
        long million = 1 << 20;
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.F32), 0, 8).total())
                .isEqualTo(16 * million);
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.F32), 2, 8).parameters())
                .isEqualTo(4 * million);
        assertThat(ZeroMemory.of(million, ElementBytes.of(DType.F32), 3, 8).total())
                .isEqualTo(2 * million);
    }

    @Test
    void shouldCutAtMultiplesOf4096Elements() {
        assertThat(ZeroMemory.share(3 * 4096, 2)).isEqualTo(2 * 4096);
        assertThat(ZeroMemory.share(100, 4)).isEqualTo(100);
    }
}
