package dev.braid.tensor.autograd;

import java.util.ArrayDeque;

/**
 * Weight-gradient halves that wait to be run. They are run in the order in which they were added, so that a parameter used
 * twice gets its gradients added in the same order as without a queue. Used by one thread.
 */
public final class WeightQueue {
    private final ArrayDeque<Runnable> halves = new ArrayDeque<>();

    void add(Runnable half) {
        halves.add(half);
    }

    /** Number of halves that wait. */
    public int size() {
        return halves.size();
    }

    /** Runs all that wait, the oldest first. */
    public void run() {
        Runnable half;
        while ((half = halves.poll()) != null) {
            half.run();
        }
    }
}
