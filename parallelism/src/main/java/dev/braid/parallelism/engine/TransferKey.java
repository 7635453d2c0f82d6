package dev.braid.parallelism.engine;

/** Names a transfer between two ranks. {@code lane}: its place in the operation; point-to-point lanes hold the tag. */
record TransferKey(int group, long sequence, int lane) {
    /** Bit of lanes that belong to send and receive, whose sequence numbers count by peer and tag. */
    static final int POINT_TO_POINT = 1 << 31;

    boolean pointToPoint() {
        return (lane & POINT_TO_POINT) != 0;
    }
}
