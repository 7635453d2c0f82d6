package dev.braid.tensor.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** Reads and writes single elements at absolute addresses. Nothing is checked: an address that is not ours ends the JVM. */
public final class Addresses {
    /** All of the address space. One segment for every kernel: it keeps their access paths monomorphic. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private Addresses() {}

    /** F32 element {@code index} of the array at {@code base}. */
    public static float getFloat(long base, long index) {
        return ALL.get(FLOAT, base + index * Float.BYTES);
    }

    /** Sets F32 element {@code index} of the array at {@code base}. */
    public static void setFloat(long base, long index, float value) {
        ALL.set(FLOAT, base + index * Float.BYTES, value);
    }

    /** I32 element {@code index} of the array at {@code base}. */
    public static int getInt(long base, long index) {
        return ALL.get(INT, base + index * Integer.BYTES);
    }

    /** The 16 bits of BF16 element {@code index} of the array at {@code base}. */
    public static short getShort(long base, long index) {
        return ALL.get(SHORT, base + index * Short.BYTES);
    }

    /** Sets the 16 bits of BF16 element {@code index} of the array at {@code base}. */
    public static void setShort(long base, long index, short bits) {
        ALL.set(SHORT, base + index * Short.BYTES, bits);
    }

    /** A view of {@code bytes} bytes as a direct buffer. It does not keep them alive. */
    public static ByteBuffer asByteBuffer(long address, int bytes) {
        return ALL.asSlice(address, bytes).asByteBuffer();
    }

    /** Copies {@code bytes} bytes; the two ranges may overlap. */
    public static void copy(long source, long target, long bytes) {
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    /** Sets {@code bytes} bytes to zero. */
    static void fillZero(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }
}
