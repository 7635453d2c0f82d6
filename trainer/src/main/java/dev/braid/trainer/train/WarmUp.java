package dev.braid.trainer.train;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * How long a benchmark warms up: for some steps at least, and until some time has passed, as the JIT compiler needs time rather than
 * steps. For ranks that are threads of this JVM: whoever comes first to a step decides for all, so that all run as many.
 */
final class WarmUp {
    private final int leastSteps;
    private final long leastNanos;
    private final LongSupplier nanoTime;
    private final long start;
    private final Map<Integer, Boolean> wanted = new ConcurrentHashMap<>();

    /** @param nanoTime a clock as {@link System#nanoTime} */
    WarmUp(int leastSteps, Duration least, LongSupplier nanoTime) {
        this.leastSteps = leastSteps;
        this.leastNanos = least.toNanos();
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    /** Whether step {@code index}, counted from 0, is to be run; any thread may ask. */
    boolean wants(int index) {
        return wanted.computeIfAbsent(index, step -> step < leastSteps || nanoTime.getAsLong() - start < leastNanos);
    }
}
