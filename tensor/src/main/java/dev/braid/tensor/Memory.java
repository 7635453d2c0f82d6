package dev.braid.tensor;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The off-heap memory of one rank. Blocks that are given back are kept by size, large ones by nearly their size, and handed
 * out again, so that a training step allocates nothing from the system after its first round. Live bytes and their peak are counted per category.
 *
 * <p>There are two kinds: memory of this process alone, and {@link #shared()}, which other processes of the machine can read in
 * place. Both count alike.
 *
 * <p>All methods may be called from any thread. {@link #close} frees everything at once; tensors must not be used after.
 */
public final class Memory implements AutoCloseable {
    /** Every block starts at a multiple of this many bytes: a cache line, and the widest vector. */
    public static final int ALIGNMENT = 64;

    static final long HUGE_PAGE = 2L << 20;

    /** What a rehearsal sets to zero in earnest: token ids and the like are read even there. */
    private static final long MOST_TOUCHED = 1 << 20;

    /** Blocks of this size and more are shared by sizes nearly the same; of smaller ones there are few sizes. */
    private static final long LEAST_SHARED = 64 << 10;

    private static final int CATEGORIES = Category.values().length;

    private final Backing backing;
    private final String kind;
    private final boolean rehearsing;
    private final MemoryListener listener;
    private final List<Runnable> beforeClose = new ArrayList<>();
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
        final long address;
        final long bytes;
        private final long room;
        private Category category;
        private int references = 1;

        private Block(Memory memory, Category category, long address, long bytes, long room) {
            this.memory = memory;
            this.category = category;
            this.address = address;
            this.bytes = bytes;
            this.room = room;
        }

        boolean alive() {
            synchronized (memory) {
                return references > 0 && !memory.closed;
            }
        }

        Category category() {
            synchronized (memory) {
                return category;
            }
        }

        void countAs(Category other) {
            synchronized (memory) {
                if (references <= 0) {
                    throw new IllegalStateException("tensor was already released");
                }
                memory.listener.changed(category, -bytes);
                memory.listener.changed(other, bytes);
                memory.live[category.ordinal()] -= bytes;
                memory.live[other.ordinal()] += bytes;
                memory.peak[other.ordinal()] = Math.max(memory.peak[other.ordinal()], memory.live[other.ordinal()]);
                category = other;
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

    /** Memory of this process alone. */
    public Memory() {
        this(new AnonymousBacking(), "");
    }

    private Memory(Backing backing, String kind) {
        this(backing, kind, false, MemoryListener.NONE);
    }

    private Memory(Backing backing, String kind, boolean rehearsing, MemoryListener listener) {
        this.backing = backing;
        this.kind = kind;
        this.rehearsing = rehearsing;
        this.listener = listener;
    }

    /** Memory of a {@link Compute#rehearsal}: addresses alone where the system allows it. */
    static Memory rehearsal(MemoryListener listener) {
        Backing backing = Posix.available() ? new ReservedBacking() : new AnonymousBacking();
        return new Memory(backing, "; for a rehearsal", true, listener);
    }

    /** Whether so many bytes are better left untouched: nobody will read them. */
    boolean leavesUntouched(long bytes) {
        return rehearsing && bytes > MOST_TOUCHED;
    }

    /**
     * Memory that other processes of this machine can read in place: see {@link #sharedFile}. Where the system refuses that, it
     * is memory of this process alone, and {@link #describe} says why.
     */
    public static Memory shared() {
        return shared(SharedFile::create);
    }

    /** Makes a memory file, or says why there is none. */
    @FunctionalInterface
    interface FileMaker {
        SharedFile create() throws IOException;
    }

    static Memory shared(FileMaker maker) {
        try {
            SharedFile file = maker.create();
            try {
                return new Memory(new FileBacking(file), "; in " + file);
            } catch (IOException | RuntimeException failure) {
                file.close();
                throw failure;
            }
        } catch (IOException failure) {
            return new Memory(new AnonymousBacking(), "; not shared with other processes: " + failure.getMessage());
        }
    }

    /** The file in which the blocks lie; empty when this memory is not shared. */
    public Optional<SharedFile> sharedFile() {
        return backing.sharedFile();
    }

    /** True when {@code bytes} at {@code address} lie in memory that was taken from the system here. Takes no lock. */
    public boolean contains(long address, long bytes) {
        return backing.contains(address, bytes);
    }

    /**
     * Has {@code action} run once by {@link #close} before anything is freed, so that whoever lets others read this memory can
     * keep them out first.
     */
    public synchronized void beforeClose(Runnable action) {
        requireOpen();
        beforeClose.add(action);
    }

    /** Takes back what {@link #beforeClose} was given; without effect when it is not there. */
    public synchronized void forgetBeforeClose(Runnable action) {
        beforeClose.remove(action);
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
        requireOpen();
        long size = roundUp(Math.max(bytes, 1));
        long room = room(category, size);
        ArrayDeque<Long> list = free.get(room);
        long address = list == null || list.isEmpty() ? reserve(room) : list.pop();
        int index = category.ordinal();
        live[index] += size;
        liveTotal += size;
        peak[index] = Math.max(peak[index], live[index]);
        peakTotal = Math.max(peakTotal, liveTotal);
        listener.changed(category, size);
        return new Block(this, category, address, size, room);
    }

    /**
     * What is taken from the system for a block of {@code size} bytes. Sizes of activations may change from step to step, as the rows
     * of experts do: those that are nearly the same share blocks, each with at most a sixteenth to spare.
     */
    private static long room(Category category, long size) {
        boolean varies = category == Category.ACTIVATIONS
                || category == Category.WORKSPACE
                || category == Category.COMMUNICATION;
        if (!varies || size < LEAST_SHARED) {
            return size;
        }
        long step = Long.highestOneBit(size) / 16;
        return (size + step - 1) / step * step;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the rank's memory is closed");
        }
    }

    private long reserve(long size) {
        long address;
        try {
            address = backing.reserve(size);
        } catch (OutOfMemoryError error) {
            throw new OutOfMemoryError("no off-heap memory for a block of " + size + " bytes; " + describe());
        } catch (IOException failure) {
            throw new OutOfMemoryError(
                    "no shared memory for a block of " + size + " bytes: " + failure.getMessage() + "; " + describe());
        }
        reserved += size;
        return address;
    }

    private void giveBack(Block block) {
        if (!closed) {
            int index = block.category.ordinal();
            live[index] -= block.bytes;
            liveTotal -= block.bytes;
            listener.changed(block.category, -block.bytes);
            free.computeIfAbsent(block.room, size -> new ArrayDeque<>()).push(block.address);
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
                .append(kind)
                .toString();
    }

    @Override
    public void close() {
        List<Runnable> actions;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            free.clear();
            actions = List.copyOf(beforeClose);
        }
        try {
            // Without the lock: whoever waits for readers must not keep them from releasing tensors.
            actions.forEach(Runnable::run);
        } finally {
            backing.close();
        }
    }
}
