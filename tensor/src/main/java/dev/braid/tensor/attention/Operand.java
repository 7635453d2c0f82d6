package dev.braid.tensor.attention;

import dev.braid.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Checked {@link Heads} as addresses.
 *
 * @param address of head 0 in row 0
 * @param rowBytes from one row to the next
 * @param headBytes from one head to the next
 * @param bf16 elements are BF16, else F32
 */
public record Operand(long address, long rowBytes, long headBytes, boolean bf16) {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** Address of the first element of {@code head} in {@code row}. */
    public long at(long row, int head) {
        return address + row * rowBytes + head * headBytes;
    }

    /** One element, for the scalar kernel. */
    public float get(long row, int head, int column) {
        long start = at(row, head);
        return bf16 ? DType.fromBf16(ALL.get(SHORT, start + 2L * column)) : ALL.get(FLOAT, start + 4L * column);
    }

    /** Sets one element, for the scalar kernel. */
    public void set(long row, int head, int column, float value) {
        long start = at(row, head);
        if (bf16) {
            ALL.set(SHORT, start + 2L * column, DType.toBf16(value));
        } else {
            ALL.set(FLOAT, start + 4L * column, value);
        }
    }
}
