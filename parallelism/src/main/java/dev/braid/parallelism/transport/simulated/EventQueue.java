package dev.braid.parallelism.transport.simulated;

import java.util.Arrays;

/**
 * What happens next: a binary heap of events ordered by time, and at one time by the order in which they were added. An event is
 * one number, so that nothing is allocated for it.
 */
final class EventQueue {
    private long[] times = new long[256];
    private long[] ties = new long[256];
    private long[] events = new long[256];
    private long added;
    private int size;

    void clear() {
        size = 0;
        added = 0;
    }

    int size() {
        return size;
    }

    /** Time of the next event in nanoseconds; {@link Long#MAX_VALUE} when there is none. */
    long nextTime() {
        return size == 0 ? Long.MAX_VALUE : times[0];
    }

    void add(long time, long event) {
        if (size == times.length) {
            times = Arrays.copyOf(times, 2 * size);
            ties = Arrays.copyOf(ties, 2 * size);
            events = Arrays.copyOf(events, 2 * size);
        }
        long tie = added++;
        int hole = size++;
        while (hole > 0) {
            int parent = (hole - 1) >>> 1;
            // An event added later never goes before one of the same time.
            if (times[parent] <= time) {
                break;
            }
            move(parent, hole);
            hole = parent;
        }
        put(hole, time, tie, event);
    }

    /** Removes the next event. The queue must not be empty. */
    long remove() {
        long first = events[0];
        int last = --size;
        long time = times[last];
        long tie = ties[last];
        long event = events[last];
        int hole = 0;
        while (true) {
            int child = 2 * hole + 1;
            if (child >= last) {
                break;
            }
            if (child + 1 < last && before(times[child + 1], ties[child + 1], times[child], ties[child])) {
                child++;
            }
            if (before(time, tie, times[child], ties[child])) {
                break;
            }
            move(child, hole);
            hole = child;
        }
        put(hole, time, tie, event);
        return first;
    }

    private static boolean before(long time, long tie, long otherTime, long otherTie) {
        return time < otherTime || (time == otherTime && tie < otherTie);
    }

    private void move(int from, int to) {
        put(to, times[from], ties[from], events[from]);
    }

    private void put(int place, long time, long tie, long event) {
        times[place] = time;
        ties[place] = tie;
        events[place] = event;
    }
}
