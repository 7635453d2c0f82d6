package dev.braid.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ByteTokenizerTest {
    private final Tokenizer tokenizer = new ByteTokenizer();

    @Test
    void shouldGiveTheBytesWhenEncoding() {
        assertThat(tokenizer.encode("a\u00e9<|endoftext|>\n")).containsExactly(97, 0xC3, 0xA9, 256, 10);
        assertThat(tokenizer.size()).isEqualTo(257);
        assertThat(tokenizer.endOfText()).isEqualTo(256);
    }

    @Test
    void shouldGiveBackTheTextWhenDecoding() {
        String text = "x<|endoftext|>\ud83d\ude00 y";
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }

    @Test
    void shouldRejectWhenAnIdIsUnknown() {
        assertThatThrownBy(() -> tokenizer.decode(new int[] {257}))
                .hasMessage("no token has the id 257; ids are below 257");
    }

    @Test
    void shouldEncodeTheSameWhenLoadedFromItsFiles() {
        Tokenizer loaded = BpeTokenizerTest.load(tokenizer.files());
        String text = "Some text, it's\u00a0\u4e2d <|endoftext|>!";
        assertThat(loaded.encode(text)).isEqualTo(tokenizer.encode(text));
        assertThat(loaded.size()).isEqualTo(257);
    }
}
