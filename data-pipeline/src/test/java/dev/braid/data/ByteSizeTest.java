package dev.braid.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "1,1",
        "500,500",
        "7B,7",
        "32MB,32000000",
        "32 mb,32000000",
        "1GiB,1073741824",
        "1.5KiB,1536",
        "2TB,2000000000000"
    })
    void shouldParseWhenTextIsASize(String text, long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @Test
    void shouldRejectWhenUnitIsUnknown() {
        assertThatThrownBy(() -> ByteSize.parse("32MiBs"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'32MiBs' is not a size; allowed are bytes or a number with KB, MB, GB, TB, KiB, MiB, GiB, TiB");
    }

    @Test
    void shouldRejectWhenSizeIsZeroOrTooLarge() {
        assertThatThrownBy(() -> ByteSize.parse("0")).hasMessage("'0' is out of range; allowed are 1 byte to 8 EiB");
        assertThatThrownBy(() -> ByteSize.parse("99999999TiB")).hasMessageContaining("out of range");
    }

    @ParameterizedTest
    @CsvSource({"999,999 B", "1000,1.0 KB", "32025792,32.0 MB", "999960,1.0 MB", "5000000000000,5.0 TB"})
    void shouldWriteForPeopleWhenGivenBytes(long bytes, String text) {
        assertThat(ByteSize.text(bytes)).isEqualTo(text);
    }
}
