package dev.braid.trainer.spark;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What the driver knows of one run: the first cause of each attempt's failure, and whether to go on. Called by {@link DriverChannel},
 * one call at a time, and by the thread that runs the job.
 */
final class RunState implements DriverChannel.Handler {
    private static final String TOO_FEW_SLOTS = "SPARK-24819";

    private final CoordinatorLimits limits;
    private final RankListener listener;
    private final Consumer<String> cancel;

    /** Held while the listener is called. Taken before {@link #state}. */
    private final Object listening = new Object();

    /** Guards the fields below. */
    private final Object state = new Object();

    /** The most telling failure of each attempt, of equally telling ones the first. */
    private final TreeMap<Integer, RankFailure> firstFailures = new TreeMap<>();

    private int told = -1;
    private RuntimeException listenerFailure;

    /** @param cancel ends the Spark job, for the reason given */
    RunState(CoordinatorLimits limits, RankListener listener, Consumer<String> cancel) {
        this.limits = limits;
        this.listener = listener;
        this.cancel = cancel;
    }

    @Override
    public Optional<String> refuse(Handshake.Peer peer) {
        tell(peer.attempt() - 1);
        if (peer.attempt() <= limits.retries()) {
            return Optional.empty();
        }
        cancel.accept("no attempt is left");
        return Optional.of("no attempt is left after %d".formatted(limits.retries() + 1));
    }

    @Override
    public void event(RankEvent event) {
        synchronized (listening) {
            listener.event(event);
        }
    }

    @Override
    public void failed(RankFailure failure) {
        synchronized (state) {
            RankFailure known = firstFailures.get(failure.attempt());
            if (known != null && known.origin().compareTo(failure.origin()) <= 0) {
                return; // a rank that failed because of the first
            }
            firstFailures.put(failure.attempt(), failure);
        }
        if (!retried(failure)) {
            cancel.accept(failure.describe());
        }
        if (failure.origin() == RankFailure.Origin.OWN) {
            tell(failure.attempt());
        }
        // Otherwise another rank is to blame, and its own words are likely on their way.
    }

    private boolean retried(RankFailure failure) {
        return !failure.userFault() && failure.attempt() < limits.retries();
    }

    /** Tells the listener of the failures of attempts up to {@code last} of which it does not know yet. */
    private void tell(int last) {
        synchronized (listening) {
            List<RankFailure> news;
            synchronized (state) {
                news = List.copyOf(firstFailures
                        .subMap(told, false, Math.max(told, last), true)
                        .values());
                told = Math.max(told, last);
            }
            news.forEach(failure -> listener.failure(failure, retried(failure)));
        }
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
        tell(Integer.MAX_VALUE);
        synchronized (state) {
            if (firstFailures.isEmpty()) {
                return new IllegalStateException(
                        "Spark could not run the ranks: " + summary(thrown) + advice(thrown), thrown);
            }
            RankFailure last = firstFailures.lastEntry().getValue();
            RankFailedException failed = new RankFailedException(last, thrown);
            return last.userFault() ? new IllegalArgumentException(last.message(), failed) : failed;
        }
    }

    /** Which settings to change when Spark found no room for all ranks at once. */
    private static String advice(Exception thrown) {
        return String.valueOf(thrown.getMessage()).contains(TOO_FEW_SLOTS)
                ? "\nAll ranks run at once, each on its cores: start more executors (spark.executor.instances, or"
                        + " spark.cores.max and more workers), lower spark.task.cpus, or make the mesh smaller (parallel.*)"
                : "";
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
