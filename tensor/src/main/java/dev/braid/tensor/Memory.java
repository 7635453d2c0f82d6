package dev.braid.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * The off-heap memory of one rank. Blocks that are given back are kept by size and handed out again, so that a training
 * step allocates nothing from the system after its first round. Live bytes and their peak are counted per category.
 *
 * <p>All methods may be called from any thread. {@link #close} frees everything at once; tensors must not be used after.
 */
public final class Memory implements AutoCloseable {
    /** Every block starts at a multiple of this many bytes: a cache line, and the widest vector. */
    public static final int ALIGNMENT = 64;

    private static final long HUGE_PAGE = 2L << 20;
    private static final int CATEGORIES = Category.values().length;

    private final Arena arena = Arena.ofShared();
    private final Map<Long, ArrayDeque<Long>> free = new HashMap<>();
    private final long[] live = new long[CATEGORIES];
    private final long[] peak = new long[CATEGORIES];
    private long liveTotal;
    private long peakTotal;
    private long reserved;
    private boolean closed;

    /** A block handed out by {@link #allocate}. */
    static final class Block {
        final Memory memory;
        final Category category;
        final long address;
        final long bytes;
        private int references = 1;

        private Block(Memory memory, Category category, long address, long bytes) {
            this.memory = memory;
            this.category = category;
            this.address = address;
            this.bytes = bytes;
        }

        boolean alive() {
            synchronized (memory) {
                return references > 0 && !memory.closed;
            }
        }

        boolean exclusive() {
            synchronized (memory) {
                return references == 1;
            }
        }

        void retain() {
            synchronized (memory) {
                if (references <= 0) {
                    throw new IllegalStateException("tensor was already released");
                }
                references++;
            }
        }

        void release() {
            synchronized (memory) {
                if (references <= 0) {
                    throw new IllegalStateException("tensor was already released");
                }
                if (--references == 0) {
                    memory.giveBack(this);
                }
            }
        }
    }

    /** An uninitialised tensor. The caller owns one reference: see {@link Tensor#release}. */
    public Tensor allocate(Category category, DType dtype, Shape shape) {
        Block block = take(category, Math.multiplyExact(shape.count(), dtype.bytes()));
        return new Tensor(shape, dtype, block, 0);
    }

    /** A tensor of zeros. The caller owns one reference. */
    public Tensor zeros(Category category, DType dtype, Shape shape) {
        Tensor tensor = allocate(category, dtype, shape);
        tensor.zero();
        return tensor;
    }

    private synchronized Block take(Category category, long bytes) {
        if (closed) {
            throw new IllegalStateException("the rank's memory is closed");
        }
        long size = roundUp(Math.max(bytes, 1));
        ArrayDeque<Long> list = free.get(size);
        long address = list == null || list.isEmpty() ? reserve(size) : list.pop();
        int index = category.ordinal();
        live[index] += size;
        liveTotal += size;
        peak[index] = Math.max(peak[index], live[index]);
        peakTotal = Math.max(peakTotal, liveTotal);
        return new Block(this, category, address, size);
    }

    private long reserve(long size) {
        MemorySegment segment;
        try {
            segment = arena.allocate(size, size >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT);
        } catch (OutOfMemoryError error) {
            throw new OutOfMemoryError("no off-heap memory for a block of " + size + " bytes; " + describe());
        }
        reserved += size;
        if (size >= HUGE_PAGE) {
            HugePages.advise(segment);
        }
        return segment.address();
    }

    private void giveBack(Block block) {
        if (!closed) {
            int index = block.category.ordinal();
            live[index] -= block.bytes;
            liveTotal -= block.bytes;
            free.computeIfAbsent(block.bytes, size -> new ArrayDeque<>()).push(block.address);
        }
    }

    private static long roundUp(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Bytes now in use in {@code category}. */
    public synchronized long live(Category category) {
        return live[category.ordinal()];
    }

    /** Bytes now in use. */
    public synchronized long live() {
        return liveTotal;
    }

    /** The most bytes that were in use in {@code category} at any one time. */
    public synchronized long peak(Category category) {
        return peak[category.ordinal()];
    }

    /** The most bytes that were in use at any one time: at most the sum of the categories' peaks. */
    public synchronized long peak() {
        return peakTotal;
    }

    /** Bytes taken from the system: what is in use and what is kept to be used again. */
    public synchronized long reserved() {
        return reserved;
    }

    /** Live and peak bytes of each category, for a message. */
    public synchronized String describe() {
        StringBuilder text = new StringBuilder();
        for (Category category : Category.values()) {
            int index = category.ordinal();
            text.append(category.name().toLowerCase(java.util.Locale.ROOT))
                    .append(' ')
                    .append(live[index])
                    .append(" bytes (peak ")
                    .append(peak[index])
                    .append("), ");
        }
        return text.append("in all ")
                .append(liveTotal)
                .append(" (peak ")
                .append(peakTotal)
                .append(')')
                .toString();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            free.clear();
        }
        arena.close();
    }
}
