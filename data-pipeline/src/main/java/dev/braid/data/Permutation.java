package dev.braid.data;

/**
 * A keyed bijection of {@code [0, size)} without a table: a balanced Feistel network on the next even number of bits, walked along
 * its cycle until it lands inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Immutable.
 */
final class Permutation {
    private static final int ROUNDS = 6;

    private final long size;
    private final int halfBits;
    private final long halfMask;
    private final long[] roundKeys = new long[ROUNDS];

    /**
     * A bijection of its own for every key.
     *
     * @param size number of elements, at least 1
     */
    Permutation(long size, long key) {
        if (size < 1) {
            throw new IllegalArgumentException("a permutation of " + size + " elements; at least 1 is needed");
        }
        this.size = size;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(size - 1);
        this.halfBits = Math.max(1, (bits + 1) / 2);
        this.halfMask = (1L << halfBits) - 1;
        for (int round = 0; round < ROUNDS; round++) {
            roundKeys[round] = Mix.of(key, round);
        }
    }

    /** Where an index in {@code [0, size)} goes. */
    long at(long index) {
        long value = index;
        do {
            value = encrypt(value);
        } while (value >= size);
        return value;
    }

    private long encrypt(long value) {
        long left = value >>> halfBits;
        long right = value & halfMask;
        for (long roundKey : roundKeys) {
            long next = left ^ (Mix.of(roundKey, right) & halfMask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }
}
