package dev.braid.parallelism.engine;

/**
 * How transfers are cut. A segment is the unit of sums: small enough for the second cache, so that a sum follows the transfer
 * closely. The pieces of one frame each divide a segment, or are whole segments, so that a piece never straddles two in part.
 */
final class Pieces {
    /** Bytes of a segment: 60 KiB, which fits the largest Aeron frame. */
    static final int SEGMENT = 60 * 1024;

    /** Bytes that one reference covers: about 1 MiB, so that the receiver can begin before the sender has finished. */
    static final int REFERENCE = 17 * SEGMENT;

    private Pieces() {}

    /** Bytes of a piece for frames that hold up to {@code maxPayload} bytes. */
    static int inline(int maxPayload) {
        if (maxPayload >= SEGMENT) {
            return maxPayload / SEGMENT * SEGMENT;
        }
        for (int parts = 2; parts <= SEGMENT / 64; parts++) {
            if (SEGMENT % parts == 0 && SEGMENT / parts % 64 == 0 && SEGMENT / parts <= maxPayload) {
                return SEGMENT / parts;
            }
        }
        throw new IllegalArgumentException("frames of " + maxPayload + " bytes are too small");
    }

    /** True when pieces of this size can be those of a peer. */
    static boolean valid(int piece) {
        return piece > 0 && (piece % SEGMENT == 0 ? piece <= REFERENCE : SEGMENT % piece == 0 && piece % 64 == 0);
    }
}
