package dev.braid.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.BiConsumer;

/** Counts the words of documents, for training. A word is given as a string with a character (Latin-1) for each of its bytes. For one thread. */
public final class WordCounter {
    /** Longer words (rulers of dashes, encoded blobs) teach nothing and would cost much. */
    private static final int LONGEST = 256;

    private final ByteKeyTable words = new ByteKeyTable(1 << 14);
    private final Gpt2Splitter splitter = new Gpt2Splitter();
    private long[] counts = new long[1 << 14];

    /** Counts the words of a document: the first {@code length} bytes of UTF-8. */
    public void add(byte[] text, int length) {
        splitter.split(text, 0, length, this::word);
    }

    private void word(byte[] text, int from, int to) {
        if (to - from > LONGEST) {
            return;
        }
        int number = words.findOrAdd(text, from, to);
        if (number == counts.length) {
            counts = Arrays.copyOf(counts, counts.length * 2);
        }
        counts[number]++;
    }

    /** Hands over each word and its count. */
    public void forEach(BiConsumer<String, Long> consumer) {
        for (int number = 0; number < words.size(); number++) {
            consumer.accept(new String(words.key(number), StandardCharsets.ISO_8859_1), counts[number]);
        }
    }
}
