package dev.braid.data.tokenizer;

import java.io.Serializable;
import java.util.Arrays;

/** From a pair of ids to a number: an open hash table of longs. Safe for any thread once filled. */
final class PairTable implements Serializable {
    private static final long serialVersionUID = 1L;

    /** What {@link #get} answers when a pair is not there. */
    static final int NONE = -1;

    private long[] keys;
    private int[] values;
    private int size;

    PairTable(int expected) {
        int capacity = Integer.highestOneBit(Math.max(8, expected)) * 4;
        keys = new long[capacity];
        values = new int[capacity];
        Arrays.fill(keys, -1);
    }

    static long pair(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }

    static int left(long pair) {
        return (int) (pair >>> Integer.SIZE);
    }

    static int right(long pair) {
        return (int) pair;
    }

    int get(long pair) {
        int slot = slot(pair);
        return keys[slot] == pair ? values[slot] : NONE;
    }

    void put(long pair, int value) {
        int slot = slot(pair);
        if (keys[slot] != pair) {
            if (++size * 2 > keys.length) {
                grow();
                slot = slot(pair);
            }
            keys[slot] = pair;
        }
        values[slot] = value;
    }

    private int slot(long pair) {
        int mask = keys.length - 1;
        long mixed = pair * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed ^ mixed >>> 32) & mask;
        while (keys[slot] != -1 && keys[slot] != pair) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new int[keys.length];
        Arrays.fill(keys, -1);
        for (int slot = 0; slot < oldKeys.length; slot++) {
            if (oldKeys[slot] != -1) {
                int target = slot(oldKeys[slot]);
                keys[target] = oldKeys[slot];
                values[target] = oldValues[slot];
            }
        }
    }
}
