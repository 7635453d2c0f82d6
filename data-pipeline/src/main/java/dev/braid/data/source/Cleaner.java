package dev.braid.data.source;

import dev.braid.data.tokenizer.Utf8;
import java.nio.charset.StandardCharsets;

/**
 * Turns the bytes of a document into clean text: bytes that are not UTF-8 become U+FFFD, NUL characters and a byte order mark go,
 * CRLF becomes LF. A document of nothing but ASCII white space and control characters counts as empty. Not safe for several threads:
 * the result is valid until the next call.
 */
final class Cleaner {
    /** Changes whenever the same bytes would be cleaned to another text. */
    static final int VERSION = 1;

    private static final int LAST_BLANK = 0x20;

    private byte[] text = new byte[1 << 16];
    private int length;
    private boolean repaired;

    /** Cleans the first {@code rawLength} bytes. */
    void clean(byte[] raw, int rawLength) {
        repaired = Utf8.firstInvalid(raw, 0, rawLength) < rawLength;
        byte[] valid = raw;
        int validLength = rawLength;
        if (repaired) {
            valid = new String(raw, 0, rawLength, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
            validLength = valid.length;
        }
        if (text.length < validLength) {
            text = new byte[validLength];
        }
        copy(valid, validLength);
    }

    private void copy(byte[] valid, int validLength) {
        int start = hasByteOrderMark(valid, validLength) ? 3 : 0;
        int size = 0;
        boolean blank = true;
        for (int index = start; index < validLength; index++) {
            byte value = valid[index];
            if (value == 0 || value == '\r' && index + 1 < validLength && valid[index + 1] == '\n') {
                continue;
            }
            text[size++] = value;
            blank &= value >= 0 && value <= LAST_BLANK;
        }
        length = blank ? 0 : size;
    }

    private static boolean hasByteOrderMark(byte[] text, int length) {
        return length >= 3 && text[0] == (byte) 0xEF && text[1] == (byte) 0xBB && text[2] == (byte) 0xBF;
    }

    /** The clean text, from index 0. */
    byte[] text() {
        return text;
    }

    /** Bytes of the clean text; 0 when the document is empty. */
    int length() {
        return length;
    }

    /** Whether bytes that are not UTF-8 were replaced. */
    boolean isRepaired() {
        return repaired;
    }

    /** Unicode characters of the clean text. */
    int characters() {
        int characters = 0;
        for (int index = 0; index < length; index++) {
            characters += (text[index] & 0xC0) == 0x80 ? 0 : 1;
        }
        return characters;
    }
}
