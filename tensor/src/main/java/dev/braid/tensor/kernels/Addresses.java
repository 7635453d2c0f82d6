package dev.braid.tensor.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/** Reads and writes single elements at absolute addresses. Nothing is checked: an address that is not ours ends the JVM. */
public final class Addresses {
    /** All of the address space. One segment for every kernel: it keeps their access paths monomorphic. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    /** Ordered access needs aligned elements. */
    private static final VarHandle ALIGNED_LONG = ValueLayout.JAVA_LONG.varHandle();

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

    /** Sets I32 element {@code index} of the array at {@code base}. */
    public static void setInt(long base, long index, int value) {
        ALL.set(INT, base + index * Integer.BYTES, value);
    }

    /** 64-bit element {@code index} of the array at {@code base}. */
    public static long getLong(long base, long index) {
        return ALL.get(LONG, base + index * Long.BYTES);
    }

    /** Sets 64-bit element {@code index} of the array at {@code base}. */
    public static void setLong(long base, long index, long value) {
        ALL.set(LONG, base + index * Long.BYTES, value);
    }

    /** Byte {@code index} behind {@code base}. */
    public static byte getByte(long base, long index) {
        return ALL.get(ValueLayout.JAVA_BYTE, base + index);
    }

    /** Sets byte {@code index} behind {@code base}. */
    public static void setByte(long base, long index, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, base + index, value);
    }

    /** A view of {@code bytes} bytes as a direct buffer. It does not keep them alive. */
    public static ByteBuffer asByteBuffer(long address, int bytes) {
        return ALL.asSlice(address, bytes).asByteBuffer();
    }

    /** Copies {@code target.length} bytes from {@code address}. */
    public static void copyTo(long address, byte[] target) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, address, target, 0, target.length);
    }

    /** Copies all of {@code source} to {@code address}. */
    public static void copyFrom(byte[] source, long address) {
        MemorySegment.copy(source, 0, ALL, ValueLayout.JAVA_BYTE, address, source.length);
    }

    /** As {@link #getLong}, before all later reads; {@code base} is a multiple of 8. */
    public static long getLongAcquire(long base, long index) {
        return (long) ALIGNED_LONG.getAcquire(ALL, base + index * Long.BYTES);
    }

    /** As {@link #setLong}, after all earlier writes; {@code base} is a multiple of 8. */
    public static void setLongRelease(long base, long index, long value) {
        ALIGNED_LONG.setRelease(ALL, base + index * Long.BYTES, value);
    }

    /** The byte at {@code address}. */
    public static byte getByte(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    /** Sets the byte at {@code address}. */
    public static void setByte(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }

    /** The 16 bits of BF16 element {@code index} of the array at {@code base}. */
    public static short getShort(long base, long index) {
        return ALL.get(SHORT, base + index * Short.BYTES);
    }

    /** Sets the 16 bits of BF16 element {@code index} of the array at {@code base}. */
    public static void setShort(long base, long index, short bits) {
        ALL.set(SHORT, base + index * Short.BYTES, bits);
    }

    /** Copies {@code bytes} bytes; the two ranges may overlap. */
    public static void copy(long source, long target, long bytes) {
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    /** Sets {@code bytes} bytes to zero. */
    public static void fillZero(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }
}
