package dev.braid.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Any other pattern, by Java's regex engine with Unicode classes.
 *
 * @param pattern what a word is
 * @param keepRest whether text between two words is a word too (else it is dropped)
 */
record RegexSplitter(Pattern pattern, boolean keepRest) implements WordSplitter {
    @Override
    public void split(byte[] text, int from, int to, Words words) {
        String string = new String(text, from, to - from, StandardCharsets.UTF_8);
        Matcher matcher = pattern.matcher(string);
        int characters = 0;
        int bytes = from;
        while (matcher.find()) {
            if (matcher.end() == matcher.start()) {
                continue;
            }
            int start = bytes + Utf8.length(string, characters, matcher.start());
            if (keepRest && start > bytes) {
                words.word(text, bytes, start);
            }
            bytes = start + Utf8.length(string, matcher.start(), matcher.end());
            characters = matcher.end();
            words.word(text, start, bytes);
        }
        if (keepRest && bytes < to) {
            words.word(text, bytes, to);
        }
    }
}
