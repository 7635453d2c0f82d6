package dev.braid.data.tokenizer;

import java.nio.charset.StandardCharsets;

/** Valid UTF-8, byte by byte. */
public final class Utf8 {
    private Utf8() {}

    /** Bytes of the character that begins with this byte. */
    static int length(byte first) {
        if (first >= 0) {
            return 1;
        }
        int value = first & 0xFF;
        return value < 0xE0 ? 2 : value < 0xF0 ? 3 : 4;
    }

    /** The code point that begins at an index. */
    static int codePoint(byte[] text, int at) {
        int first = text[at];
        if (first >= 0) {
            return first;
        }
        int second = text[at + 1] & 0x3F;
        int value = first & 0xFF;
        if (value < 0xE0) {
            return (value & 0x1F) << 6 | second;
        }
        int third = text[at + 2] & 0x3F;
        if (value < 0xF0) {
            return (value & 0x0F) << 12 | second << 6 | third;
        }
        return (value & 0x07) << 18 | second << 12 | third << 6 | text[at + 3] & 0x3F;
    }

    /** Bytes that the characters {@code [from, to)} of a well-formed string take. */
    static int length(String text, int from, int to) {
        int bytes = 0;
        for (int index = from; index < to; index++) {
            char unit = text.charAt(index);
            if (unit < 0x80) {
                bytes++;
            } else if (unit < 0x800 || Character.isSurrogate(unit)) {
                bytes += 2;
            } else {
                bytes += 3;
            }
        }
        return bytes;
    }

    /** The bytes of a string; halves of a surrogate pair without the other become U+FFFD. */
    public static byte[] bytes(String text) {
        for (int index = 0; index < text.length(); index++) {
            if (Character.isSurrogate(text.charAt(index))) {
                return wellFormed(text).getBytes(StandardCharsets.UTF_8);
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String wellFormed(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            boolean lone = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
            out.appendCodePoint(lone ? 0xFFFD : point);
        });
        return out.toString();
    }

    /** The first index from {@code from} on at which the bytes are not UTF-8, or {@code to} when all are. */
    public static int firstInvalid(byte[] text, int from, int to) {
        int at = from;
        while (at < to) {
            if (text[at] >= 0) {
                at++;
                continue;
            }
            int length = validLength(text, at, to);
            if (length == 0) {
                return at;
            }
            at += length;
        }
        return to;
    }

    /** Bytes of the valid character of two or more bytes at an index, or 0 (table 3-7 of the Unicode standard). */
    private static int validLength(byte[] text, int at, int to) {
        int first = text[at] & 0xFF;
        int length = first < 0xC2 || first > 0xF4 ? 0 : length(text[at]);
        if (length == 0 || at + length > to) {
            return 0;
        }
        int second = text[at + 1] & 0xFF;
        int least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        int most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (second < least || second > most) {
            return 0;
        }
        for (int index = at + 2; index < at + length; index++) {
            if ((text[index] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }
}
