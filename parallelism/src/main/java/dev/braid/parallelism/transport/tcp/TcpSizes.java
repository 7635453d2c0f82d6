package dev.braid.parallelism.transport.tcp;

/**
 * Sizes by the number of ranks, so that all pairs of many ranks take a bounded part of the memory. Equal on all ranks.
 *
 * @param maxFrame most bytes of a frame
 * @param socketBuffer bytes asked of the kernel for each socket, one way; Linux takes twice that. More only pushes the bytes out of
 *     the processor's caches
 * @param incoming most connections that others may hold open to this rank
 */
record TcpSizes(int maxFrame, int socketBuffer, int incoming) {
    /** Bytes of a frame's length, which precedes it. Big-endian. */
    static final int PREFIX = Integer.BYTES;

    private static final int SMALLEST_FRAME = 64 << 10;
    private static final int LARGEST_FRAME = 256 << 10;
    private static final int ALL_FRAMES = 4 << 20;

    static TcpSizes of(int ranks) {
        int share = Integer.highestOneBit(ALL_FRAMES / Math.max(1, ranks));
        int frame = Math.clamp(share, SMALLEST_FRAME, LARGEST_FRAME);
        return new TcpSizes(frame, frame, 4 * ranks + 64);
    }
}
