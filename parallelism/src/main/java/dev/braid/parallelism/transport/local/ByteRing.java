package dev.braid.parallelism.transport.local;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The memory of a one-way channel: whole frames one after the other in a ring, written by one thread at a time and read by one
 * other. A record is a length (32 bits), 4 unused bytes and the frame, padded to 8 bytes; it never wraps around the end, where a
 * length of {@link #SKIP} sends the reader back to the start. Two positions only ever grow: {@code tail} is the writer's,
 * {@code head} the reader's.
 *
 * <p>Each side closes the ring once and touches it no more; the second to do so frees the memory.
 */
final class ByteRing {
    /** A side of the ring. */
    enum Side {
        WRITER,
        READER
    }

    /** In place of a length: the next record is at the start of the ring. */
    static final int SKIP = -1;

    /** Bytes before the frame in a record. */
    static final int PREFIX = 8;

    private static final VarHandle POSITION = ValueLayout.JAVA_LONG.varHandle();
    private static final int BOTH = 3;

    /** The positions lie on cache lines of their own (two each: processors fetch them in pairs). */
    private static final long TAIL = 0;

    private static final long HEAD = 128;
    private static final long DATA = 256;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final long data;
    private final int capacity;
    private final AtomicInteger closed = new AtomicInteger();
    private final AtomicReferenceArray<String> reasons = new AtomicReferenceArray<>(Side.values().length);

    /** {@code capacity}: bytes, a power of two. */
    ByteRing(int capacity) {
        this.capacity = capacity;
        this.memory = arena.allocate(DATA + capacity, HEAD);
        this.data = memory.address() + DATA;
    }

    /** The largest frame: with it, a record and the space that it may have to skip always fit into an empty ring. */
    static int maxFrame(int capacity) {
        return capacity / 2 - PREFIX;
    }

    /** Bytes that a frame takes. */
    static int record(int frameBytes) {
        return PREFIX + frameBytes + 7 & -8;
    }

    int capacity() {
        return capacity;
    }

    /** Offset of a position in the ring. */
    int offset(long position) {
        return (int) position & capacity - 1;
    }

    /** Address of the frame of the record at {@code offset}. */
    long frame(int offset) {
        return data + offset + PREFIX;
    }

    int length(int offset) {
        return memory.get(ValueLayout.JAVA_INT, DATA + offset);
    }

    void setLength(int offset, int length) {
        memory.set(ValueLayout.JAVA_INT, DATA + offset, length);
    }

    long tail() {
        return (long) POSITION.getAcquire(memory, TAIL);
    }

    /** Shows the reader all records before {@code tail}. */
    void publishTail(long tail) {
        POSITION.setRelease(memory, TAIL, tail);
    }

    long head() {
        return (long) POSITION.getAcquire(memory, HEAD);
    }

    /** Gives the writer all space before {@code head}. */
    void publishHead(long head) {
        POSITION.setRelease(memory, HEAD, head);
    }

    /** True once that side has closed: all that it did before can then be seen. */
    boolean closedBy(Side side) {
        return (closed.get() & bit(side)) != 0;
    }

    /** Why that side has closed, empty when it has not. */
    String reason(Side side) {
        String reason = reasons.get(side.ordinal());
        return reason == null ? "" : reason;
    }

    /** Closes one side. Idempotent; the first reason stays. */
    void close(Side side, String reason) {
        reasons.compareAndSet(side.ordinal(), null, reason);
        int before = closed.getAndUpdate(bits -> bits | bit(side));
        if (before != BOTH && (before | bit(side)) == BOTH) {
            arena.close();
        }
    }

    private static int bit(Side side) {
        return 1 << side.ordinal();
    }
}
