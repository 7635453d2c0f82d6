package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Window;

/**
 * Keys and values of the tokens of one sequence, for decoding. Under a bounded window it has room for the sinks and two windows,
 * however long the sequence grows: each time it is full, what no later token sees makes room. So a token costs one copied row
 * on average, and rows stay in the order of their positions. Used by one thread.
 */
public final class KeyValueCache implements AutoCloseable {
    private final Tensor keys;
    private final Tensor values;
    private final Window window;
    private int rows;

    /**
     * An empty cache.
     *
     * @param columns key heads times their size
     * @param longest tokens that the sequence may have
     */
    public KeyValueCache(Memory memory, DType dtype, int columns, int longest, Window window) {
        this.window = window;
        Shape shape = Shape.of(capacity(longest, window), columns);
        keys = memory.zeros(Category.ACTIVATIONS, dtype, shape);
        values = memory.zeros(Category.ACTIVATIONS, dtype, shape);
    }

    /** Rows of a cache for sequences of up to {@code longest} tokens. */
    public static long capacity(int longest, Window window) {
        return window.bounded() && window.length() < longest
                ? Math.min(longest, window.sinks() + 2 * window.length())
                : longest;
    }

    /** Rows that there is room for. */
    public int capacity() {
        return Math.toIntExact(keys.shape().rows());
    }

    /** Rows in it: the sinks, and from some position on all tokens so far. */
    int rows() {
        return rows;
    }

    /** Drops rows that no later token sees if the cache is full. Returns how many of {@code wanted} more rows have room. */
    int makeRoom(int wanted) {
        if (rows == capacity() && window.bounded()) {
            // The next token sees itself and the rest of its window.
            long recent = window.length() - 1;
            if (window.sinks() + recent < rows) {
                move(keys, recent);
                move(values, recent);
                rows = Math.toIntExact(window.sinks() + recent);
            }
        }
        int room = Math.min(wanted, capacity() - rows);
        if (room == 0) {
            throw new IllegalStateException("the cache is full with its " + rows
                    + " rows; make it for a longer sequence than " + capacity() + " tokens");
        }
        return room;
    }

    /** Source and target are apart where the cache holds two windows beside the sinks; elsewhere the copy takes care. */
    private void move(Tensor tensor, long recent) {
        tensor.rows(window.sinks(), recent).copyFrom(tensor.rows(rows - recent, recent));
    }

    /** Counts rows that have been written behind the others. */
    void advance(int added) {
        rows += added;
    }

    /** The keys [capacity, columns]. */
    Tensor keys() {
        return keys;
    }

    /** The values [capacity, columns]. */
    Tensor values() {
        return values;
    }

    @Override
    public void close() {
        keys.release();
        values.release();
    }
}
