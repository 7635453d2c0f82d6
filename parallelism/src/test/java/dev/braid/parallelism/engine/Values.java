package dev.braid.parallelism.engine;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.Addresses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Numbers for tensors: a table of random ones for each dtype. A contribution is a range of the table, so that it is written
 * quickly and a misplaced element is a wrong one. Sums of the floats depend on their order.
 */
final class Values implements AutoCloseable {
    /** Elements from any start that ranges can have. */
    static final int LONGEST = 64 * 1024;

    /** Starts of ranges. */
    static final int STARTS = 64 * 1024;

    private static final byte POISON = (byte) 0xA5;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment[] tables = new MemorySegment[DType.values().length];

    Values() {
        SplittableRandom random = new SplittableRandom(1);
        for (DType dtype : DType.values()) {
            tables[dtype.ordinal()] = arena.allocate((long) (LONGEST + STARTS) * dtype.bytes(), 64);
        }
        for (int index = 0; index < LONGEST + STARTS; index++) {
            float value = (float) Math.scalb(random.nextDouble(1, 2), random.nextInt(-6, 7));
            float signed = random.nextBoolean() ? value : -value;
            table(DType.F32).setAtIndex(ValueLayout.JAVA_FLOAT, index, signed);
            table(DType.BF16).setAtIndex(ValueLayout.JAVA_SHORT, index, DType.toBf16(signed));
            table(DType.I32).setAtIndex(ValueLayout.JAVA_INT, index, random.nextInt());
            table(DType.I8).set(ValueLayout.JAVA_BYTE, index, (byte) random.nextInt());
        }
    }

    private MemorySegment table(DType dtype) {
        return tables[dtype.ordinal()];
    }

    /** Writes the range of {@code count} elements from {@code start} to {@code address}. */
    void write(DType dtype, int start, long count, long address) {
        Addresses.copy(table(dtype).address() + (long) start * dtype.bytes(), address, count * dtype.bytes());
    }

    /** The bytes of the range of {@code count} elements from {@code start}. */
    byte[] range(DType dtype, long start, long count) {
        byte[] bytes = new byte[Math.toIntExact(count * dtype.bytes())];
        MemorySegment.copy(table(dtype), ValueLayout.JAVA_BYTE, start * dtype.bytes(), bytes, 0, bytes.length);
        return bytes;
    }

    /** Element {@code index} as a float: exact for F32 and BF16. */
    float real(DType dtype, int index) {
        return dtype == DType.F32
                ? table(dtype).getAtIndex(ValueLayout.JAVA_FLOAT, index)
                : DType.fromBf16(table(dtype).getAtIndex(ValueLayout.JAVA_SHORT, index));
    }

    /** Element {@code index} as an integer, for I32 and I8. */
    int whole(DType dtype, int index) {
        return dtype == DType.I32
                ? table(dtype).getAtIndex(ValueLayout.JAVA_INT, index)
                : table(dtype).get(ValueLayout.JAVA_BYTE, index);
    }

    /** True when the bytes at {@code address} are {@code expected}. */
    static boolean equal(byte[] expected, long address) {
        return MemorySegment.ofArray(expected).mismatch(at(address, expected.length)) < 0;
    }

    /** Overwrites bytes with what no result should have. */
    static void poison(long address, long bytes) {
        at(address, bytes).fill(POISON);
    }

    private static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    @Override
    public void close() {
        arena.close();
    }
}
