package dev.braid.data.tokenizer;

/**
 * The pattern of GPT-2, {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}, as a scanner over UTF-8.
 */
record Gpt2Splitter() implements WordSplitter {
    /** The pattern, in the syntax common to Java and Hugging Face's engine. */
    static final String PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    @Override
    public void split(byte[] text, int from, int to, Words words) {
        int start = from;
        while (start < to) {
            int end = wordEnd(text, start, to);
            words.word(text, start, end);
            start = end;
        }
    }

    private static int wordEnd(byte[] text, int start, int to) {
        int first = text[start];
        if (first == '\'') {
            int length = contraction(text, start, to);
            if (length > 0) {
                return start + length;
            }
        }
        int at = start;
        if (first == ' ' && start + 1 < to) {
            at = start + 1;
        }
        byte kind = CharacterClass.of(Utf8.codePoint(text, at));
        return kind == CharacterClass.SPACE ? spaceEnd(text, start, to) : runEnd(text, at, to, kind);
    }

    private static int contraction(byte[] text, int start, int to) {
        if (start + 1 >= to) {
            return 0;
        }
        byte second = text[start + 1];
        if (second == 's' || second == 't' || second == 'm' || second == 'd') {
            return 2;
        }
        if (start + 2 >= to) {
            return 0;
        }
        byte third = text[start + 2];
        boolean found = second == 'r' && third == 'e' || second == 'v' && third == 'e' || second == 'l' && third == 'l';
        return found ? 3 : 0;
    }

    private static int runEnd(byte[] text, int start, int to, byte kind) {
        int at = start;
        while (at < to && CharacterClass.of(Utf8.codePoint(text, at)) == kind) {
            at += Utf8.length(text[at]);
        }
        return at;
    }

    /** White space up to the end of the text, or all but its last character when a word follows, or that one alone. */
    private static int spaceEnd(byte[] text, int start, int to) {
        int last = start;
        int at = start;
        while (at < to && CharacterClass.of(Utf8.codePoint(text, at)) == CharacterClass.SPACE) {
            last = at;
            at += Utf8.length(text[at]);
        }
        return at == to || last == start ? at : last;
    }
}
