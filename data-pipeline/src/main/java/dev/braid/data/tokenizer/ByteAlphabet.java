package dev.braid.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The printable stand-ins of the 256 bytes in a byte-level vocabulary (Radford et al., GPT-2, 2019): the printable characters of
 * Latin-1 stand for themselves, the other 68 bytes for U+0100 and up.
 */
final class ByteAlphabet {
    private static final int BYTES = 256;
    private static final char[] SYMBOLS = symbols();
    private static final short[] VALUES = values();

    private ByteAlphabet() {}

    private static char[] symbols() {
        char[] symbols = new char[BYTES];
        char next = BYTES;
        for (int value = 0; value < BYTES; value++) {
            boolean printable = value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
            symbols[value] = printable ? (char) value : next++;
        }
        return symbols;
    }

    private static short[] values() {
        short[] values = new short[2 * BYTES];
        Arrays.fill(values, (short) -1);
        for (int value = 0; value < BYTES; value++) {
            values[SYMBOLS[value]] = (short) value;
        }
        return values;
    }

    /** The symbols of some bytes. */
    static String symbols(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte value : bytes) {
            text.append(SYMBOLS[value & 0xFF]);
        }
        return text.toString();
    }

    /** The symbol of one byte. */
    static String symbol(int value) {
        return String.valueOf(SYMBOLS[value]);
    }

    /** The bytes that a vocabulary entry stands for; UTF-8 when it holds something that is no symbol. */
    static byte[] bytes(String symbols) {
        byte[] bytes = new byte[symbols.length()];
        for (int index = 0; index < bytes.length; index++) {
            char symbol = symbols.charAt(index);
            int value = symbol < VALUES.length ? VALUES[symbol] : -1;
            if (value < 0) {
                return symbols.getBytes(StandardCharsets.UTF_8);
            }
            bytes[index] = (byte) value;
        }
        return bytes;
    }
}
