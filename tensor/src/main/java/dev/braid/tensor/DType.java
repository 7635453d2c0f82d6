package dev.braid.tensor;

/** Element types that a {@link Tensor} can hold. All are little-endian. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** The upper half of a binary32: 8 bits of exponent, 7 of fraction. */
    BF16(2),
    /** Signed 32-bit integer: token ids and labels. */
    I32(4),
    /** Signed byte: quantised values, and bytes that only travel. */
    I8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** True for F32 and BF16, the types that operations compute with. */
    public boolean floating() {
        return this == F32 || this == BF16;
    }

    /** The nearest bfloat16 of {@code value}, ties to even, as its 16 bits; a NaN stays a NaN. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The value of 16 bits read as a bfloat16: exact. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
