package dev.braid.data.tokenizer;

import java.util.Arrays;

/** Numbers distinct runs of bytes in the order in which they first come. Not safe for several threads. */
final class ByteKeyTable {
    private int[] slots;
    private int[] hashes;
    private int[] ends;
    private byte[] keys;
    private int size;

    ByteKeyTable(int expected) {
        int capacity = Integer.highestOneBit(Math.max(16, expected) * 2 - 1);
        slots = new int[capacity * 2];
        hashes = new int[capacity];
        ends = new int[capacity + 1];
        keys = new byte[capacity * 8];
    }

    int size() {
        return size;
    }

    /** The number of a key, which becomes {@code size()} before the call when it is new. */
    int findOrAdd(byte[] text, int from, int to) {
        int hash = hash(text, from, to);
        int slot = slot(text, from, to, hash);
        if (slots[slot] != 0) {
            return slots[slot] - 1;
        }
        if (size == hashes.length) {
            grow();
            slot = slot(text, from, to, hash);
        }
        int start = ends[size];
        int end = Math.addExact(start, to - from);
        if (end > keys.length) {
            keys = Arrays.copyOf(keys, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(end, keys.length * 2L)));
        }
        System.arraycopy(text, from, keys, start, to - from);
        hashes[size] = hash;
        ends[size + 1] = end;
        slots[slot] = ++size;
        return size - 1;
    }

    /** A copy of a key. */
    byte[] key(int number) {
        return Arrays.copyOfRange(keys, ends[number], ends[number + 1]);
    }

    /** Forgets all keys and keeps the room. */
    void clear() {
        Arrays.fill(slots, 0);
        size = 0;
    }

    private int slot(byte[] text, int from, int to, int hash) {
        int mask = slots.length - 1;
        int slot = hash & mask;
        while (slots[slot] != 0 && !matches(slots[slot] - 1, text, from, to, hash)) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private boolean matches(int number, byte[] text, int from, int to, int hash) {
        return hashes[number] == hash && Arrays.equals(keys, ends[number], ends[number + 1], text, from, to);
    }

    private void grow() {
        int capacity = Math.multiplyExact(hashes.length, 2);
        hashes = Arrays.copyOf(hashes, capacity);
        ends = Arrays.copyOf(ends, capacity + 1);
        slots = new int[Math.multiplyExact(capacity, 2)];
        int mask = slots.length - 1;
        for (int number = 0; number < size; number++) {
            int slot = hashes[number] & mask;
            while (slots[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = number + 1;
        }
    }

    private static int hash(byte[] text, int from, int to) {
        long state = to - from;
        for (int index = from; index < to; index++) {
            state = (state ^ text[index]) * 0x9E3779B97F4A7C15L;
            state ^= state >>> 29;
        }
        return (int) (state ^ state >>> 32);
    }
}
