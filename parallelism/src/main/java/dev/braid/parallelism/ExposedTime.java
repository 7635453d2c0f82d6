package dev.braid.parallelism;

import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.Map;
import java.util.TreeMap;

/**
 * Time that a rank's thread has been blocked in collectives, by mesh axis: what was not hidden behind computation. All waiting of
 * training goes through here. Used by the rank's thread.
 */
public final class ExposedTime {
    private final Map<String, Long> nanos = new TreeMap<>();
    private Recorder recorder = Recorder.NONE;

    /** Waits for {@code handle} on account of {@code axis}. */
    public void await(String axis, Handle handle) {
        long start = System.nanoTime();
        handle.await();
        long end = System.nanoTime();
        nanos.merge(axis, end - start, Long::sum);
        recorder.span(Span.Kind.WAIT, axis, start, end);
    }

    /** Nanoseconds by axis since the last call. */
    public Map<String, Long> take() {
        Map<String, Long> taken = new TreeMap<>(nanos);
        nanos.clear();
        return taken;
    }

    /** Tells {@code listener} of every wait from now on; {@link Recorder#NONE} ends that. */
    public void record(Recorder listener) {
        recorder = listener;
    }
}
