package dev.braid.trainer.spark;

import java.util.Arrays;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What the driver knows of one run: the first failure of each attempt, and whether to go on. Called by {@link DriverChannel},
 * one call at a time, and by the thread that runs the job.
 */
final class RunState implements DriverChannel.Handler {
    private final CoordinatorLimits limits;
    private final RankListener listener;
    private final Consumer<String> cancel;

    private final Object state = new Object();
    private final TreeMap<Integer, RankFailure> firstFailures = new TreeMap<>();
    private RuntimeException listenerFailure;

    /** @param cancel ends the Spark job, for the reason given */
    RunState(CoordinatorLimits limits, RankListener listener, Consumer<String> cancel) {
        this.limits = limits;
        this.listener = listener;
        this.cancel = cancel;
    }

    @Override
    public Optional<String> refuse(Handshake.Peer peer) {
        if (peer.attempt() <= limits.retries()) {
            return Optional.empty();
        }
        cancel.accept("no attempt is left");
        return Optional.of("no attempt is left after %d".formatted(limits.retries() + 1));
    }

    @Override
    public void event(RankEvent event) {
        listener.event(event);
    }

    @Override
    public void failed(RankFailure failure) {
        synchronized (state) {
            if (firstFailures.putIfAbsent(failure.attempt(), failure) != null) {
                return; // a peer that failed because of the first
            }
        }
        boolean retried = !failure.userFault() && failure.attempt() < limits.retries();
        if (!retried) {
            cancel.accept(failure.describe());
        }
        listener.failure(failure, retried);
    }

    @Override
    public void broke(RuntimeException failure) {
        synchronized (state) {
            if (listenerFailure == null) {
                listenerFailure = failure;
            }
        }
        cancel.accept("the driver failed: " + failure.getMessage());
    }

    /** Throws what the listener threw, if it did. */
    void checkListener() {
        synchronized (state) {
            if (listenerFailure != null) {
                throw listenerFailure;
            }
        }
    }

    /** The exception that tells best why the job ended with {@code thrown}. */
    RuntimeException explain(Exception thrown) throws InterruptedException {
        if (thrown instanceof InterruptedException interrupted) {
            throw interrupted;
        }
        checkListener();
        synchronized (state) {
            if (firstFailures.isEmpty()) {
                return new IllegalStateException("Spark could not run the ranks: " + summary(thrown), thrown);
            }
            RankFailure last = firstFailures.lastEntry().getValue();
            RankFailedException failed = new RankFailedException(last, thrown);
            return last.userFault() ? new IllegalArgumentException(last.message(), failed) : failed;
        }
    }

    /** Spark's message without the stack traces that it contains. */
    private static String summary(Exception thrown) {
        String message = String.valueOf(thrown.getMessage());
        return Arrays.stream(message.split("\n"))
                .filter(line -> !line.startsWith("\t") && !line.isBlank())
                .filter(line -> !line.startsWith("Driver stacktrace"))
                .limit(6)
                .collect(Collectors.joining("\n"));
    }
}
