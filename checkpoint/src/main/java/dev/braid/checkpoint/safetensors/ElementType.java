package dev.braid.checkpoint.safetensors;

import dev.braid.tensor.DType;

/**
 * Element types that the safetensors format knows. Tensors of the types without a {@link DType} can be listed and
 * read raw.
 */
public enum ElementType {
    /** One byte, 0 or 1. */
    BOOL(8),
    /** 4-bit float. */
    F4(4),
    /** 6-bit float with 2 bits of exponent. */
    F6_E2M3(6),
    /** 6-bit float with 3 bits of exponent. */
    F6_E3M2(6),
    /** Unsigned byte. */
    U8(8),
    /** Signed byte. */
    I8(8),
    /** 8-bit float with 5 bits of exponent. */
    F8_E5M2(8),
    /** 8-bit float with 4 bits of exponent. */
    F8_E4M3(8),
    /** 8-bit exponent without fraction. */
    F8_E8M0(8),
    /** 8-bit float with 4 bits of exponent, without negative zero. */
    F8_E4M3FNUZ(8),
    /** 8-bit float with 5 bits of exponent, without negative zero. */
    F8_E5M2FNUZ(8),
    /** Signed 16-bit integer. */
    I16(16),
    /** Unsigned 16-bit integer. */
    U16(16),
    /** IEEE 754 binary16. */
    F16(16),
    /** The upper half of a binary32. */
    BF16(16),
    /** Signed 32-bit integer. */
    I32(32),
    /** Unsigned 32-bit integer. */
    U32(32),
    /** IEEE 754 binary32. */
    F32(32),
    /** Two binary32: real and imaginary part. */
    C64(64),
    /** IEEE 754 binary64. */
    F64(64),
    /** Signed 64-bit integer. */
    I64(64),
    /** Unsigned 64-bit integer. */
    U64(64);

    private final int bits;

    ElementType(int bits) {
        this.bits = bits;
    }

    /** Size of one element in bits. */
    public int bits() {
        return bits;
    }

    /** Size of one element in bytes. Throws {@link IllegalStateException} for a type smaller than a byte. */
    public int bytes() {
        if (bits % 8 != 0) {
            throw new IllegalStateException(this + " takes " + bits + " bits, not whole bytes");
        }
        return bits / 8;
    }

    /** True for the types that are read as floating point: F32, BF16, F16. */
    public boolean readableAsFloat() {
        return this == F32 || this == BF16 || this == F16;
    }

    /** The type in which a tensor of {@code dtype} is written. */
    public static ElementType of(DType dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case BF16 -> BF16;
            case I32 -> I32;
            case I8 -> I8;
        };
    }
}
