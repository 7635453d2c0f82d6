package dev.braid.tensor;

/**
 * How quantised numbers lie in memory: in blocks, each an f32 scale and then its codes, signed integers from {@code -largest} to
 * {@code largest}; a number is {@code code * scale}. Codes lie in words of 32 bits: of {@code n} numbers in {@code words(n)} words,
 * the lowest code of word {@code w} is that of number {@code w}, the next that of number {@code words(n) + w}, and so on, so that
 * vector code neither packs nor unpacks across lanes. Only the last block may be shorter; its unused codes are 0.
 */
public enum BlockFormat {
    /** 8-bit codes in blocks of 256 numbers. */
    INT8(256, 8),
    /** 4-bit codes in blocks of 128 numbers. */
    INT4(128, 4);

    private final int block;
    private final int bits;

    BlockFormat(int block, int bits) {
        this.block = block;
        this.bits = bits;
    }

    /** Numbers of one block. */
    public int block() {
        return block;
    }

    /** Bits of one code. */
    public int bits() {
        return bits;
    }

    /** The code of a block's largest magnitude. */
    public int largest() {
        return (1 << (bits - 1)) - 1;
    }

    /** Codes of one word. */
    public int perWord() {
        return Integer.SIZE / bits;
    }

    /** Words of {@code count} codes of one block. */
    public int words(int count) {
        return (count + perWord() - 1) / perWord();
    }

    /** Bytes of {@code count} numbers, scales included. */
    public long bytes(long count) {
        int rest = (int) (count % block);
        return count / block * blockBytes(block) + (rest == 0 ? 0 : blockBytes(rest));
    }

    private long blockBytes(int count) {
        return Float.BYTES + (long) Integer.BYTES * words(count);
    }
}
