package dev.braid.data.tokenizer;

import java.util.Arrays;

/** Two tokens that join, as their bytes. */
record Merge(byte[] left, byte[] right) {
    /** The bytes of the joined token. */
    byte[] joined() {
        byte[] joined = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, joined, left.length, right.length);
        return joined;
    }
}
