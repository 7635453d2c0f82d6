package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import java.util.Map;
import java.util.TreeMap;

/** Time that a rank's thread has waited for collectives, by mesh axis: what was not hidden behind computation. One thread. */
public final class ExposedTime {
    private final Map<String, Long> nanos = new TreeMap<>();

    /** Waits for {@code handle} on account of {@code axis}. */
    public void await(String axis, Handle handle) {
        long start = System.nanoTime();
        handle.await();
        nanos.merge(axis, System.nanoTime() - start, Long::sum);
    }

    /** Nanoseconds by axis since the last call. */
    public Map<String, Long> take() {
        Map<String, Long> taken = new TreeMap<>(nanos);
        nanos.clear();
        return taken;
    }
}
