package dev.braid.tensor.matmul;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies between absolute addresses, away from the hot path. */
final class Copies {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Copies() {}

    /** Copies {@code count} elements of {@code bytes} (2 or 4) bytes; strides are in elements. */
    static void vector(int count, int bytes, long from, long fromStride, long to, long toStride) {
        if (fromStride == 1 && toStride == 1) {
            MemorySegment.copy(ALL, from, ALL, to, (long) count * bytes);
            return;
        }
        for (int i = 0; i < count; i++) {
            long source = from + i * fromStride * bytes;
            long target = to + i * toStride * bytes;
            if (bytes == 2) {
                ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, target, ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, source));
            } else {
                ALL.set(ValueLayout.JAVA_INT_UNALIGNED, target, ALL.get(ValueLayout.JAVA_INT_UNALIGNED, source));
            }
        }
    }

    /** Sets {@code bytes} bytes to zero. */
    static void clear(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }
}
