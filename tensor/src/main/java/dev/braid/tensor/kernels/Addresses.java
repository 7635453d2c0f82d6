package dev.braid.tensor.kernels;

import dev.braid.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

    /** Element {@code index} of an F32 or BF16 array at {@code base}, widened. */
    public static float getValue(boolean bf16, long base, long index) {
        return bf16 ? DType.fromBf16(ALL.get(SHORT, base + index * Short.BYTES)) : getFloat(base, index);
    }

    /** Sets element {@code index} of an F32 or BF16 array at {@code base}, rounded to nearest even. */
    public static void setValue(boolean bf16, long base, long index, float value) {
        if (bf16) {
            ALL.set(SHORT, base + index * Short.BYTES, DType.toBf16(value));
        } else {
            setFloat(base, index, value);
        }
    }

    /** Copies {@code bytes} bytes; the two ranges may overlap. */
    static void copy(long source, long target, long bytes) {
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }
}
