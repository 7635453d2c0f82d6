package dev.braid.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The literal splits come from Hugging Face's tokenizers 0.23.2, ByteLevel with its pattern. */
class Gpt2SplitterTest {
    static List<String> words(WordSplitter splitter, String text) {
        List<String> words = new ArrayList<>();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        splitter.split(
                bytes,
                0,
                bytes.length,
                (source, from, to) -> words.add(new String(source, from, to - from, StandardCharsets.UTF_8)));
        return words;
    }

    private static List<String> words(String text) {
        return words(new Gpt2Splitter(), text);
    }

    @Test
    void shouldCutContractionsOnlyWhenTheyStandAtTheStartOfAWord() {
        assertThat(words("Hello world, it's  we'll"))
                .containsExactly("Hello", " world", ",", " it", "'s", " ", " we", "'ll");
        assertThat(words("don't 'S 'sx 've")).containsExactly("don", "'t", " '", "S", " '", "sx", " '", "ve");
        assertThat(words("''' 'll'd")).containsExactly("'''", " '", "ll", "'d");
    }

    @Test
    void shouldFollowUnicodesWhiteSpaceWhenSpacesAreOdd() {
        assertThat(words("a\u001c b\u001f\u0085c\u00a0\u00a0d"))
                .containsExactly("a", "\u001c", " b", "\u001f", "\u0085", "c", "\u00a0", "\u00a0", "d");
        assertThat(words("\u180e \u200b\u3000z")).containsExactly("\u180e", " \u200b", "\u3000", "z");
    }

    @Test
    void shouldLeaveTheLastSpaceToTheNextWordWhenSpacesRun() {
        assertThat(words("x  \n\n  y \t")).containsExactly("x", "  \n\n ", " y", " \t");
        assertThat(words("tab\t\tx")).containsExactly("tab", "\t", "\t", "x");
        assertThat(words("\r\nif (x) {\r\n  y();"))
                .containsExactly("\r", "\n", "if", " (", "x", ")", " {", "\r\n ", " y", "();");
        assertThat(words("   ")).containsExactly("   ");
    }

    @Test
    void shouldCutMarksFromLettersWhenTheyCombine() {
        assertThat(words("e\u0301\u0301 \u0915\u094d\u0937"))
                .containsExactly("e", "\u0301\u0301", " \u0915", "\u094d", "\u0937");
        assertThat(words("12\u00bd\u2167 \u0663x9")).containsExactly("12\u00bd\u2167", " \u0663", "x", "9");
    }

    @Test
    void shouldKeepEmojiTogetherWhenTheyAreJoined() {
        assertThat(words("\ud83d\udc69\u200d\ud83d\ude80 \ud83d\ude00!!"))
                .containsExactly("\ud83d\udc69\u200d\ud83d\ude80", " \ud83d\ude00!!");
    }

    @Test
    void shouldAgreeWithTheRegexWhenTextIsRandom() {
        RegexSplitter regex =
                new RegexSplitter(Pattern.compile(Gpt2Splitter.PATTERN, Pattern.UNICODE_CHARACTER_CLASS), true);
        long seed = 4_711;
        Random random = new Random(seed);
        String[] alphabet = {
            " ",
            "  ",
            "\n",
            "\t",
            "\r",
            "'",
            "'s",
            "'re",
            "l",
            "L",
            "e",
            "v",
            "1",
            "\u00bd",
            "\u0301",
            "\u00a0",
            "\u0085",
            "\u001c",
            "\u2028",
            "\ud83d\ude00",
            "\u4e2d",
            "-",
            "_",
            "\u017f",
            "\u0663"
        };
        for (int round = 0; round < 3_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int part = random.nextInt(20); part >= 0; part--) {
                text.append(alphabet[random.nextInt(alphabet.length)]);
            }
            assertThat(words(text.toString()))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(words(regex, text.toString()));
        }
    }
}
