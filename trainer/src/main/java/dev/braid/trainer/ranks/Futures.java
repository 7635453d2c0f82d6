package dev.braid.trainer.ranks;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting with a deadline for futures that never fail. */
final class Futures {
    private Futures() {}

    static <T> Optional<T> get(CompletableFuture<T> future, Duration time) throws InterruptedException {
        try {
            return Optional.of(future.get(time.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException late) {
            return Optional.empty();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
