package dev.braid.data;

import java.nio.charset.StandardCharsets;

/** Mixing of 64-bit words by the finalizer of SplitMix64 (Steele, Lea, Flood, 2014). */
public final class Mix {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private Mix() {}

    /** A well spread word from two. */
    public static long of(long first, long second) {
        return finish(finish(first + GOLDEN) + second * GOLDEN + GOLDEN);
    }

    /** A well spread word from a text. */
    public static long of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return of(bytes, bytes.length);
    }

    /** A well spread word from the first {@code length} bytes. */
    public static long of(byte[] bytes, int length) {
        long state = length;
        int index = 0;
        while (index + Long.BYTES <= length) {
            long word = 0;
            for (int offset = 0; offset < Long.BYTES; offset++) {
                word |= (bytes[index + offset] & 0xFFL) << (offset * 8);
            }
            state = of(state, word);
            index += Long.BYTES;
        }
        long tail = 0;
        for (int shift = 0; index < length; index++, shift += 8) {
            tail |= (bytes[index] & 0xFFL) << shift;
        }
        return of(state, tail);
    }

    private static long finish(long word) {
        long value = word;
        value = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        value = (value ^ (value >>> 27)) * 0x94D049BB133111EBL;
        return value ^ (value >>> 31);
    }
}
