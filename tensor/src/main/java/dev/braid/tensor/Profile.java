package dev.braid.tensor;

import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Wall time, calls and floating-point operations by name of operation, for one rank. Operations that run inside one another
 * must not both be counted: only the leaves are.
 */
public final class Profile {
    /** One row: {@code nanos} of wall time in {@code calls} calls that did {@code flops} floating-point operations. */
    public record Entry(String operation, long calls, long nanos, double flops) {}

    private static final class Counter {
        long calls;
        long nanos;
        double flops;
    }

    private final Map<String, Counter> counters = new HashMap<>();
    private Recorder recorder = Recorder.NONE;

    /** Tells {@code listener} of every operation from now on; {@link Recorder#NONE} ends that. */
    public void record(Recorder listener) {
        recorder = listener;
    }

    /** Runs {@code body} and counts it under {@code operation}. */
    public void time(String operation, double flops, Runnable body) {
        long start = System.nanoTime();
        body.run();
        long end = System.nanoTime();
        Counter counter = counters.computeIfAbsent(operation, name -> new Counter());
        counter.calls++;
        counter.nanos += end - start;
        counter.flops += flops;
        recorder.span(Span.Kind.COMPUTE, operation, start, end);
    }

    /** Forgets everything counted so far. */
    public void reset() {
        counters.clear();
    }

    /** What was counted since the last {@link #reset}, longest first. */
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        counters.forEach((name, counter) -> entries.add(new Entry(name, counter.calls, counter.nanos, counter.flops)));
        entries.sort(Comparator.comparingLong(Entry::nanos).reversed());
        return entries;
    }
}
