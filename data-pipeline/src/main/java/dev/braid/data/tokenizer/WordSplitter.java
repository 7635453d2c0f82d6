package dev.braid.data.tokenizer;

import java.io.Serializable;

/** Cuts text into the words that merges never cross. Immutable. */
sealed interface WordSplitter extends Serializable permits ChainSplitter, Gpt2Splitter, RegexSplitter, NoSplitter {
    /** Hears of each word in turn; the words cover the text unless the splitter drops some of it. */
    @FunctionalInterface
    interface Words {
        /** The bytes {@code [from, to)} are a word. */
        void word(byte[] text, int from, int to);
    }

    /** Cuts the bytes {@code [from, to)} of valid UTF-8. */
    void split(byte[] text, int from, int to, Words words);
}
