package dev.braid.data.tokenizer;

/**
 * The three classes by which word patterns divide characters: {@code \p{L}}, {@code \p{N}} and {@code \s} (White_Space). Agrees
 * with the regex engine of Hugging Face's library on every code point (both know Unicode 16).
 */
final class CharacterClass {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte SPACE = 3;

    private static final byte[] TABLE = table();

    private CharacterClass() {}

    /** The class of a code point. */
    static byte of(int codePoint) {
        return TABLE[codePoint];
    }

    private static byte[] table() {
        byte[] table = new byte[Character.MAX_CODE_POINT + 1];
        for (int codePoint = 0; codePoint < table.length; codePoint++) {
            table[codePoint] = find(codePoint);
        }
        return table;
    }

    private static byte find(int codePoint) {
        if (isSpace(codePoint)) {
            return SPACE;
        }
        if (Character.isLetter(codePoint)) {
            return LETTER;
        }
        int type = Character.getType(codePoint);
        return type == Character.DECIMAL_DIGIT_NUMBER
                        || type == Character.LETTER_NUMBER
                        || type == Character.OTHER_NUMBER
                ? NUMBER
                : OTHER;
    }

    /** Unicode's White_Space: unlike Java's isWhitespace with U+0085 and the no-break spaces, without U+001C to U+001F. */
    private static boolean isSpace(int codePoint) {
        return codePoint >= 0x09 && codePoint <= 0x0D || codePoint == 0x85 || Character.isSpaceChar(codePoint);
    }
}
