package dev.braid.parallelism.engine;

/** Work on this rank that a collective waits for: copies and sums. Done in steps, so that nothing else waits long. */
interface Task {
    /** Works on about {@code bytes} bytes. Returns how many it did; 0 when it cannot go on now. */
    long step(long bytes);

    /** True when no work is left for now: the task leaves the queue, and may be put there again. */
    boolean idle();
}
