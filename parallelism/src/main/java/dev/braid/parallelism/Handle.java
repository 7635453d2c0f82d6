package dev.braid.parallelism;

import java.time.Duration;

/**
 * A collective in flight on this rank. Its tensors belong to it until it is done: they must not be written, and outputs not
 * read. It progresses whether or not anybody waits. Thread-safe.
 */
public interface Handle {
    /** True once it ended, well or not. */
    boolean done();

    /**
     * Waits until it is done.
     *
     * @throws CommunicationException when it, or anything else in the attempt, failed; it names the missing ranks. An interrupt
     *     of the waiting thread fails the whole attempt and leaves the thread interrupted.
     */
    void await();

    /** Waits for at most {@code time}; false when it is not done by then (it goes on). Throws as {@link #await()}. */
    boolean await(Duration time);

    /**
     * Gives the operation up. Since no peer can complete it any more, this fails the attempt on all ranks. Without effect when it
     * is done.
     */
    void cancel();

    /** Nanoseconds that threads have been blocked in {@code await}: what was not hidden behind computation. */
    long exposedNanos();
}
