package dev.braid.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * The cores of one rank. {@link #run} splits numbered tasks over them; the calling thread works too. Which thread takes a
 * task is left to chance, so a task must write only what no other task writes: then results do not depend on it.
 *
 * <p>One thread at a time may call {@link #run}, and a task must not call it. Workers spin for a moment after a call, then park.
 */
public final class Workers implements AutoCloseable {
    private static final int SPINS = 4_000;

    private final Thread[] threads;
    private final int cores;
    private final boolean rehearsing;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Job idle = new Job(0, index -> {});
    private volatile Job job = idle;
    private volatile boolean closed;

    private record Job(int tasks, IntConsumer body) {}

    /** Workers for {@code cores} cores: {@code cores - 1} threads and the caller. */
    public Workers(int cores, String name) {
        this(cores, cores, name, false);
    }

    private Workers(int cores, int working, String name, boolean rehearsing) {
        if (cores < 1) {
            throw new IllegalArgumentException("a rank needs at least one core, not " + cores);
        }
        this.cores = cores;
        this.rehearsing = rehearsing;
        threads = new Thread[working - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = Thread.ofPlatform()
                    .daemon()
                    .name(name + "-worker-" + (i + 1))
                    .start(this::serve);
        }
    }

    /** Workers that do nothing of what they are given: see {@link Compute#rehearsal}. */
    static Workers rehearsing(int cores) {
        return new Workers(cores, 1, "", true);
    }

    /** Whether {@link #run} does nothing. */
    public boolean rehearsing() {
        return rehearsing;
    }

    /** Threads that take part in a {@link #run}, the caller included. */
    public int cores() {
        return cores;
    }

    /** Runs {@code body} for 0 until {@code tasks} and returns when all are done; the first failure is thrown. */
    public void run(int tasks, IntConsumer body) {
        if (closed) {
            throw new IllegalStateException("workers are closed");
        }
        if (rehearsing) {
            return;
        }
        if (tasks <= 1 || threads.length == 0) {
            for (int i = 0; i < tasks; i++) {
                body.accept(i);
            }
            return;
        }
        Job current = new Job(tasks, body);
        next.set(0);
        running.set(threads.length);
        job = current;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        work(current);
        while (running.get() > 0) {
            Thread.onSpinWait();
        }
        Throwable thrown = failure.getAndSet(null);
        if (thrown != null) {
            throw rethrow(thrown);
        }
    }

    private void work(Job current) {
        try {
            int index;
            while ((index = next.getAndIncrement()) < current.tasks) {
                current.body.accept(index);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
            next.set(current.tasks);
        }
    }

    private void serve() {
        Job done = idle;
        while (true) {
            Job current = job;
            int spins = 0;
            while (current == done) {
                if (closed) {
                    return;
                }
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
                current = job;
            }
            work(current);
            done = current;
            running.decrementAndGet();
        }
    }

    private static RuntimeException rethrow(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return thrown instanceof RuntimeException runtime ? runtime : new IllegalStateException(thrown);
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }
}
