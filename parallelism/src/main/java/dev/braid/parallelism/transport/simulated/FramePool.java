package dev.braid.parallelism.transport.simulated;

import dev.braid.tensor.kernels.Addresses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Off-heap memory for frames under way, in slots of one size. Thousands of simulations, one after the other, share one pool, so
 * that each costs no allocation. Used by the thread that made it.
 */
public final class FramePool implements AutoCloseable {
    private static final int CHUNK_SHIFT = 6;
    private static final int CHUNK = 1 << CHUNK_SHIFT;
    /** What a frame that was delivered or lost is overwritten with: who keeps its address reads nonsense. */
    private static final byte POISON = (byte) 0xDB;

    private final Arena arena = Arena.ofConfined();
    private final int slotBytes;
    private MemorySegment[] chunks = new MemorySegment[0];
    private int[] lengths = new int[0];
    private int[] free = new int[0];
    private int freeCount;

    /** A pool for frames of up to {@code maxFrame} bytes. */
    public FramePool(int maxFrame) {
        if (maxFrame < 1) {
            throw new IllegalArgumentException("frames of " + maxFrame + " bytes cannot be kept, must be at least 1");
        }
        slotBytes = (maxFrame + 63) & -64;
    }

    /** The largest frame in bytes. */
    int slotBytes() {
        return slotBytes;
    }

    /** Slots that hold a frame. */
    int used() {
        return lengths.length - freeCount;
    }

    /** Bytes that the pool has taken from the system. */
    public long bytes() {
        return (long) lengths.length * slotBytes;
    }

    /** Copies a frame of two parts into a slot. */
    int store(long header, int headerBytes, long payload, int payloadBytes) {
        int slot = take(headerBytes + payloadBytes);
        long address = address(slot);
        Addresses.copy(header, address, headerBytes);
        if (payloadBytes > 0) {
            Addresses.copy(payload, address + headerBytes, payloadBytes);
        }
        return slot;
    }

    /** Another slot with the same bytes. */
    int copy(int slot) {
        int other = take(lengths[slot]);
        Addresses.copy(address(slot), address(other), lengths[slot]);
        return other;
    }

    /** Overwrites a frame and gives its slot back. */
    void release(int slot) {
        chunk(slot).asSlice(offset(slot), lengths[slot]).fill(POISON);
        free[freeCount++] = slot;
    }

    long address(int slot) {
        return chunk(slot).address() + offset(slot);
    }

    int length(int slot) {
        return lengths[slot];
    }

    /** Inverts one bit of a frame, counted from its first byte's lowest. */
    void flip(int slot, long bit) {
        long place = offset(slot) + (bit >>> 3);
        MemorySegment chunk = chunk(slot);
        chunk.set(ValueLayout.JAVA_BYTE, place, (byte) (chunk.get(ValueLayout.JAVA_BYTE, place) ^ (1 << (bit & 7))));
    }

    /** A hash of a frame's bytes. */
    long hash(int slot) {
        MemorySegment chunk = chunk(slot);
        long start = offset(slot);
        int bytes = lengths[slot];
        long hash = bytes;
        int at = 0;
        for (; at + 8 <= bytes; at += 8) {
            hash = (hash ^ chunk.get(ValueLayout.JAVA_LONG, start + at)) * 0x9FB21C651E98DF25L;
            hash ^= hash >>> 29;
        }
        for (; at < bytes; at++) {
            hash = (hash ^ chunk.get(ValueLayout.JAVA_BYTE, start + at)) * 0x9FB21C651E98DF25L;
        }
        return SeededRandom.mix(hash);
    }

    /** Copies a frame's first bytes, at most {@code most} of them, into an array. */
    void copyStart(int slot, byte[] target, int place, int most) {
        int bytes = Math.min(most, lengths[slot]);
        MemorySegment.copy(chunk(slot), ValueLayout.JAVA_BYTE, offset(slot), target, place, bytes);
    }

    /** Gives all slots back. */
    void clear() {
        freeCount = lengths.length;
        // Slots are handed out from the end: low numbers first, so that a new simulation finds what a new pool would
        // give it.
        for (int index = 0; index < freeCount; index++) {
            free[index] = freeCount - 1 - index;
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private int take(int bytes) {
        if (freeCount == 0) {
            grow();
        }
        int slot = free[--freeCount];
        lengths[slot] = bytes;
        return slot;
    }

    private void grow() {
        int before = lengths.length;
        chunks = Arrays.copyOf(chunks, chunks.length + 1);
        chunks[chunks.length - 1] = arena.allocate((long) CHUNK * slotBytes, 64);
        lengths = Arrays.copyOf(lengths, before + CHUNK);
        free = Arrays.copyOf(free, before + CHUNK);
        for (int slot = before + CHUNK - 1; slot >= before; slot--) {
            free[freeCount++] = slot;
        }
    }

    private MemorySegment chunk(int slot) {
        return chunks[slot >>> CHUNK_SHIFT];
    }

    private long offset(int slot) {
        return (long) (slot & (CHUNK - 1)) * slotBytes;
    }
}
