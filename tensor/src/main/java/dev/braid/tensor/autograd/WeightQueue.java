package dev.braid.tensor.autograd;

import java.util.ArrayDeque;

/**
 * Weight-gradient halves that wait to be run. They are run in the order in which they were added, so that a parameter used
 * twice gets its gradients added in the same order as without a queue. Used by one thread.
 */
public final class WeightQueue {
    /** A half; {@code dropped} gives back what it holds when it is not going to run. */
    private record Half(Runnable body, Runnable dropped) {}

    private final ArrayDeque<Half> halves = new ArrayDeque<>();

    void add(Runnable half, Runnable dropped) {
        halves.add(new Half(half, dropped));
    }

    /** Number of halves that wait. */
    public int size() {
        return halves.size();
    }

    /** Runs all that wait, the oldest first. */
    public void run() {
        Half half;
        while ((half = halves.poll()) != null) {
            half.body.run();
        }
    }

    /** Gives back what the halves hold, without running them. */
    public void drop() {
        Half half;
        while ((half = halves.poll()) != null) {
            half.dropped.run();
        }
    }
}
