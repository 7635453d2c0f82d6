package dev.braid.trainer.train;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How long a benchmark warms up: for some steps at least, and until some time has passed, as the JIT compiler needs time rather than
 * steps. For ranks that are threads of this JVM: whoever comes first to a step decides for all, so that all run as many.
 */
final class WarmUp {
    private final int leastSteps;
    private final long leastNanos;
    private final long start = System.nanoTime();
    private final Map<Integer, Boolean> wanted = new ConcurrentHashMap<>();

    WarmUp(int leastSteps, Duration least) {
        this.leastSteps = leastSteps;
        this.leastNanos = least.toNanos();
    }

    /** Whether step {@code index}, counted from 0, is to be run; any thread may ask. */
    boolean wants(int index) {
        return wanted.computeIfAbsent(index, step -> step < leastSteps || System.nanoTime() - start < leastNanos);
    }
}
