package dev.braid.parallelism.transport.simulated;

import java.util.Arrays;

/** What has arrived at a rank and was not polled yet, oldest first. */
final class Inbox {
    private long[] ring = new long[64];
    private int head;
    private int size;

    int size() {
        return size;
    }

    void clear() {
        head = 0;
        size = 0;
    }

    void add(long event) {
        if (size == ring.length) {
            long[] larger = Arrays.copyOf(ring, 2 * size);
            // What had wrapped round to the front goes on behind the old end.
            System.arraycopy(ring, 0, larger, size, head);
            ring = larger;
        }
        ring[(head + size++) & (ring.length - 1)] = event;
    }

    /** Removes the oldest. The inbox must not be empty. */
    long remove() {
        long event = ring[head];
        head = (head + 1) & (ring.length - 1);
        size--;
        return event;
    }
}
