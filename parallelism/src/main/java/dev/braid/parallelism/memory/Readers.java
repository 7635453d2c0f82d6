package dev.braid.parallelism.memory;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Counts who reads a piece of memory, so that its owner can wait until nobody does. Entering takes no lock. */
final class Readers {
    private static final long SHUT = Long.MIN_VALUE;
    private static final int SPINS = 1000;
    private static final long PAUSE_NANOS = 20_000;

    private final AtomicLong state = new AtomicLong();

    /** Adds a reader; false once the owner has shut them out. */
    boolean enter() {
        long now = state.get();
        while (now >= 0) {
            if (state.compareAndSet(now, now + 1)) {
                return true;
            }
            now = state.get();
        }
        return false;
    }

    /** Ends what an {@link #enter} that answered true has begun. */
    void leave() {
        long left = state.getAndDecrement();
        if ((left & ~SHUT) == 0) {
            state.incrementAndGet();
            throw new IllegalStateException("a reader left that had not entered");
        }
    }

    /** Lets nobody in any more and returns when all have left. Idempotent. A reader must not call it: it would wait for itself. */
    void shut() {
        state.getAndUpdate(now -> now | SHUT);
        for (int spin = 0; state.get() != SHUT; spin++) {
            if (spin < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(this, PAUSE_NANOS);
            }
        }
    }

    boolean isShut() {
        return state.get() < 0;
    }
}
