package dev.braid.data.tokenizer;

/** The whole text is one word: the byte-level step without its pattern, and no other step before it. */
record NoSplitter() implements WordSplitter {
    @Override
    public void split(byte[] text, int from, int to, Words words) {
        if (to > from) {
            words.word(text, from, to);
        }
    }
}
