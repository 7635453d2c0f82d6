package dev.braid.trainer.plan;

import dev.braid.tensor.DType;

/** Bytes of workspace that operations take while they run. Mirrors what the operations allocate. */
final class Scratch {
    /** Elements of a chunk of logits, as the head takes them. */
    private static final long LOGITS = 1L << 23;

    private static final int FEWEST_LOGIT_ROWS = 64;

    /** Rows that one partial sum over rows covers. */
    private static final int SUMMED_ROWS = 64;

    private static final long TILE_ROWS = 256;
    private static final long WIDEST_TILE = 1792;
    private static final long PACKED_STEPS = 262;

    private Scratch() {}

    /** Rows of a chunk of logits. */
    static long logitRows(long tokens, long vocabulary) {
        return Math.min(tokens, Math.max(FEWEST_LOGIT_ROWS, LOGITS / vocabulary));
    }

    /** The partial sums of a sum over rows. */
    static long sumOverRows(long rows, long columns) {
        return Math.ceilDiv(rows, SUMMED_ROWS) * columns * Float.BYTES;
    }

    /**
     * Packed operands of the matrix products, for each core; kept from the first product on. Fitted to what oneDNN asks for: a
     * tile of sums in F32 and its operands over a part of the reduction.
     */
    static long products(int cores, DType dtype, long dim) {
        long columns = Math.min(WIDEST_TILE, dim);
        long packed = (TILE_ROWS + columns) * PACKED_STEPS * dtype.bytes();
        return cores * (TILE_ROWS * columns * Float.BYTES + packed);
    }
}
