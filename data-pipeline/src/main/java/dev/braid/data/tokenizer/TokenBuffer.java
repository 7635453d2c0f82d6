package dev.braid.data.tokenizer;

import java.util.Arrays;

/** A growing list of token ids. Not safe for several threads. */
public final class TokenBuffer {
    private int[] ids = new int[1024];
    private int size;

    /** Appends one id. */
    public void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, grown(size + 1L));
        }
        ids[size++] = id;
    }

    /** Appends a range of ids. */
    public void add(int[] source, int from, int count) {
        if (count > ids.length - size) {
            ids = Arrays.copyOf(ids, grown((long) size + count));
        }
        System.arraycopy(source, from, ids, size, count);
        size += count;
    }

    private int grown(long needed) {
        if (needed > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a document has more than 2^31 tokens; split it");
        }
        return (int) Math.min(Integer.MAX_VALUE - 8, Math.max(needed, ids.length * 2L));
    }

    /** Forgets all ids and keeps the room. */
    public void clear() {
        size = 0;
    }

    /** Number of ids. */
    public int size() {
        return size;
    }

    /** The id at an index below {@link #size()}. */
    public int get(int index) {
        return ids[index];
    }

    /** A copy of the ids. */
    public int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
