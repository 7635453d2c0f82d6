package dev.braid.checkpoint.huggingface;

import dev.braid.checkpoint.ElementSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Gives the elements of arrays [a, b, c] in the order of [b, a, c]: a matrix [a, b] as its transpose when c is 1. It keeps a block of
 * the last array, as many of its b columns as fit, so that it reads each about once when ranges are asked for in order. Any thread
 * may read; {@link #close} frees the block.
 */
final class Turning implements AutoCloseable {
    /** Enough for a whole expert of most models. */
    static final long MOST_BYTES = 64 << 20;

    private static final ValueLayout.OfInt FOUR = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort TWO = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final long mostBytes;
    private Arena arena = Arena.ofShared();
    private MemorySegment block = MemorySegment.NULL;
    private Object held;
    private long firstColumn;
    private long columns;

    Turning() {
        this(MOST_BYTES);
    }

    /** Keeps at most {@code mostBytes}, or one column where that is more. */
    Turning(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /**
     * An array to be turned.
     *
     * @param key what tells it from others
     * @param a extent
     * @param b extent
     * @param c extent
     * @param bytes of an element
     */
    record Array(Object key, long a, long b, long c, int bytes) {
        /** An array with the first two extents of {@code part} as the tensor has them. */
        static Array ofTensor(Object key, Part part, int bytes) {
            return new Array(
                    key,
                    part.extents().extent(1),
                    part.extents().extent(0),
                    part.extents().extent(2),
                    bytes);
        }

        /** An array with the extents of {@code part} as the parameter has them. */
        static Array ofParameter(Part part, int bytes) {
            return new Array(
                    part,
                    part.extents().extent(0),
                    part.extents().extent(1),
                    part.extents().extent(2),
                    bytes);
        }
    }

    /**
     * Copies elements {@code from} until {@code from + count} of the turned array to the start of {@code target}.
     *
     * @param source the elements of {@code array} in its own order
     */
    synchronized void read(Array array, ElementSource source, long from, long count, MemorySegment target)
            throws IOException {
        long stretch = array.a() * array.c();
        for (long done = 0; done < count; ) {
            long column = (from + done) / stretch;
            long first = from + done - column * stretch;
            long now = Math.min(count - done, stretch - first);
            hold(array, source, column);
            copy(array, column - firstColumn, first, now, target.asSlice(done * array.bytes()));
            done += now;
        }
    }

    /** Copies elements {@code first} and on of a column [a, c] that is held. */
    private void copy(Array array, long column, long first, long count, MemorySegment target) {
        int bytes = array.bytes();
        long run = array.c();
        if (run == 1 && bytes == Float.BYTES) {
            for (long i = 0; i < count; i++) {
                target.setAtIndex(FOUR, i, block.getAtIndex(FOUR, (first + i) * columns + column));
            }
            return;
        }
        if (run == 1 && bytes == Short.BYTES) {
            for (long i = 0; i < count; i++) {
                target.setAtIndex(TWO, i, block.getAtIndex(TWO, (first + i) * columns + column));
            }
            return;
        }
        for (long done = 0; done < count; ) {
            long row = (first + done) / run;
            long inner = (first + done) % run;
            long now = Math.min(count - done, run - inner);
            long at = (row * columns + column) * run + inner;
            MemorySegment.copy(block, at * bytes, target, done * bytes, now * bytes);
            done += now;
        }
    }

    private void hold(Array array, ElementSource source, long column) throws IOException {
        if (held != null && array.key().equals(held) && column >= firstColumn && column < firstColumn + columns) {
            return;
        }
        held = null;
        long columnBytes = array.a() * array.c() * array.bytes();
        firstColumn = column;
        columns = Math.clamp(mostBytes / columnBytes, 1, array.b() - column);
        if (columns * columnBytes > block.byteSize()) {
            arena.close();
            arena = Arena.ofShared();
            block = arena.allocate(columns * columnBytes, 64);
        }
        if (columns == array.b()) {
            source.read(0, array.a() * array.b() * array.c(), block);
        } else {
            long stretch = columns * array.c();
            for (long row = 0; row < array.a(); row++) {
                source.read(
                        (row * array.b() + column) * array.c(),
                        stretch,
                        block.asSlice(row * stretch * array.bytes(), stretch * array.bytes()));
            }
        }
        held = array.key();
    }

    @Override
    public synchronized void close() {
        held = null;
        arena.close();
    }
}
