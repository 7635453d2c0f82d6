package dev.braid.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Encodes words and remembers them: text repeats its words, so most are found in the cache. Not safe for several threads. */
final class BpeEncoder implements WordSplitter.Words {
    private static final int LONGEST_CACHED = 64;
    private static final int MOST_WORDS = 1 << 18;

    private final BpeModel model;
    private final BpeMerger merger;
    private final ByteKeyTable words;
    private final TokenBuffer cached = new TokenBuffer();
    private int[] ends;
    private TokenBuffer out;

    BpeEncoder(BpeModel model, int expectedWords) {
        this.model = model;
        this.merger = new BpeMerger(model);
        this.words = new ByteKeyTable(expectedWords);
        this.ends = new int[expectedWords + 1];
    }

    /** Where the ids of the words to come go. */
    void into(TokenBuffer buffer) {
        out = buffer;
    }

    @Override
    public void word(byte[] text, int from, int to) {
        if (to - from > LONGEST_CACHED) {
            encode(text, from, to, out);
            return;
        }
        int known = words.size();
        int number = words.findOrAdd(text, from, to);
        if (number == known) {
            remember(number, text, from, to);
        }
        int start = number == 0 ? 0 : ends[number - 1];
        for (int index = start; index < ends[number]; index++) {
            out.add(cached.get(index));
        }
        if (words.size() >= MOST_WORDS) {
            words.clear();
            cached.clear();
        }
    }

    private void remember(int number, byte[] text, int from, int to) {
        encode(text, from, to, cached);
        if (number == ends.length) {
            ends = Arrays.copyOf(ends, ends.length * 2);
        }
        ends[number] = cached.size();
    }

    private void encode(byte[] text, int from, int to, TokenBuffer buffer) {
        Map<String, Integer> wholeWords = model.wholeWords();
        if (wholeWords != null) {
            Integer id = wholeWords.get(new String(text, from, to - from, StandardCharsets.ISO_8859_1));
            if (id != null) {
                buffer.add(id);
                return;
            }
        }
        merger.merge(text, from, to, buffer);
    }
}
