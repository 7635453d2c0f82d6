package dev.braid.checkpoint.safetensors;

import dev.braid.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Conversion of raw little-endian elements between the types that Braid computes in and those that files hold. */
final class Conversion {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Conversion() {}

    /** True when elements of type {@code from} can be given as {@code to}. */
    static boolean possible(ElementType from, ElementType to) {
        return switch (to) {
            case F32, BF16 -> from.readableAsFloat();
            case I32, I64 -> from == ElementType.I32 || from == ElementType.I64;
            case BOOL, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ -> false;
            case I16, U16, F16, U32, C64, F64, U64 -> false;
        };
    }

    /**
     * Converts {@code count} elements. To BF16 rounds to nearest even; I64 to I32 throws {@link ArithmeticException}
     * for a value that does not fit. The segments must not overlap.
     */
    static void convert(ElementType from, MemorySegment source, ElementType to, MemorySegment target, long count) {
        if (!possible(from, to)) {
            throw new IllegalArgumentException("no conversion from " + from + " to " + to);
        }
        if (from == to) {
            MemorySegment.copy(source, 0, target, 0, count * from.bytes());
        } else if (to == ElementType.F32) {
            toFloats(from, source, target, count);
        } else if (to == ElementType.BF16) {
            toBf16(from, source, target, count);
        } else {
            integers(from, source, target, count);
        }
    }

    private static void toFloats(ElementType from, MemorySegment source, MemorySegment target, long count) {
        if (from == ElementType.BF16) {
            for (long i = 0; i < count; i++) {
                target.set(FLOAT, 4 * i, DType.fromBf16(source.get(SHORT, 2 * i)));
            }
        } else {
            for (long i = 0; i < count; i++) {
                target.set(FLOAT, 4 * i, Float.float16ToFloat(source.get(SHORT, 2 * i)));
            }
        }
    }

    private static void toBf16(ElementType from, MemorySegment source, MemorySegment target, long count) {
        if (from == ElementType.F32) {
            for (long i = 0; i < count; i++) {
                target.set(SHORT, 2 * i, DType.toBf16(source.get(FLOAT, 4 * i)));
            }
        } else {
            for (long i = 0; i < count; i++) {
                target.set(SHORT, 2 * i, DType.toBf16(Float.float16ToFloat(source.get(SHORT, 2 * i))));
            }
        }
    }

    private static void integers(ElementType from, MemorySegment source, MemorySegment target, long count) {
        if (from == ElementType.I64) {
            for (long i = 0; i < count; i++) {
                target.set(INT, 4 * i, Math.toIntExact(source.get(LONG, 8 * i)));
            }
        } else {
            for (long i = 0; i < count; i++) {
                target.set(LONG, 8 * i, source.get(INT, 4 * i));
            }
        }
    }
}
