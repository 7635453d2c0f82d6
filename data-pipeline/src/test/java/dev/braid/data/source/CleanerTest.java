package dev.braid.data.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.data.tokenizer.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CleanerTest {
    private final Cleaner cleaner = new Cleaner();

    private String clean(byte... raw) {
        cleaner.clean(raw, raw.length);
        return new String(cleaner.text(), 0, cleaner.length(), StandardCharsets.UTF_8);
    }

    private String clean(String raw) {
        return clean(raw.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldEndLinesWithNewlineWhenTheyEndWithCarriageReturnToo() {
        assertThat(clean("a\r\nb\rc\r")).isEqualTo("a\nb\rc\r");
    }

    @Test
    void shouldRemoveNulAndByteOrderMarkWhenTheyAreThere() {
        assertThat(clean("\ufeffa\0b\ufeff")).isEqualTo("ab\ufeff");
    }

    @Test
    void shouldReplaceBytesWhenTheyAreNotUtf8() {
        assertThat(clean((byte) 'a', (byte) 0xFF, (byte) 'b')).isEqualTo("a\ufffdb");
        assertThat(cleaner.isRepaired()).isTrue();
        assertThat(clean("a\u00e9")).isEqualTo("a\u00e9");
        assertThat(cleaner.isRepaired()).isFalse();
    }

    @Test
    void shouldCallADocumentEmptyWhenItIsBlank() {
        assertThat(clean(" \n\t\0\r\n")).isEmpty();
    }

    @Test
    void shouldCountCharactersWhenTheyTakeSeveralBytes() {
        clean("a\u00e9\u4e2d\ud83d\ude00");
        assertThat(cleaner.characters()).isEqualTo(4);
        assertThat(cleaner.length()).isEqualTo(10);
    }

    @Test
    void shouldAgreeWithTheDecoderOfTheJdkWhenBytesAreRandom() {
        long seed = 8_080;
        Random random = new Random(seed);
        int[] leads = {0x41, 0x80, 0xBF, 0xC1, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xF5, 0xFF};
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[1 + random.nextInt(6)];
            for (int index = 0; index < bytes.length; index++) {
                bytes[index] = (byte) leads[random.nextInt(leads.length)];
            }
            boolean valid = new String(bytes, StandardCharsets.UTF_8).indexOf('\ufffd') < 0
                    || new String(bytes, StandardCharsets.UTF_8).contains("\ufffd")
                            && java.util.Arrays.equals(
                                    new String(bytes, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8), bytes);
            assertThat(Utf8.firstInvalid(bytes, 0, bytes.length) == bytes.length)
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(valid);
        }
    }
}
