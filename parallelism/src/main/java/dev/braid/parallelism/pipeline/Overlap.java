package dev.braid.parallelism.pipeline;

/** What is assumed of a forward and a backward that a schedule pairs. */
public enum Overlap {
    /**
     * They start when both have what they need, and end together after the sum of their times, as DualPipe counts them: what the
     * executor does where rows travel between ranks of experts.
     */
    TOGETHER,

    /** The forward runs as soon as it has what it needs, and then the backward: what the executor does where none do. */
    IN_TURN
}
