package dev.braid.parallelism.transport;

/** What became of a frame. */
public enum SendResult {
    /** Taken. */
    SENT,
    /** Not taken: the channel is not connected yet or its buffers are full. Try again at a later poll. */
    BUSY,
    /** Not taken, and never will be: see {@link Outgoing#fault}. */
    BROKEN
}
