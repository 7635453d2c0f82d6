package dev.braid.trainer.ranks;

import dev.braid.parallelism.transport.RankAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * A world of ranks, each in a JVM of its own on this host. Whatever ends this JVM ends them too: Ctrl-C by a shutdown hook,
 * {@code kill -9} because each rank watches its pipe.
 *
 * <pre>
 * try (RankProcesses ranks = RankProcesses.start(RankJvm.of(MyProgram.class), assignments)) {
 *     ranks.meet(Duration.ofSeconds(30));
 *     List&lt;RankEnd&gt; ends = ranks.await(Duration.ofMinutes(1));
 * }
 * </pre>
 */
public final class RankProcesses implements AutoCloseable {
    private static final Duration GRACE = Duration.ofSeconds(3);

    private final List<RankProcess> ranks;
    private final Thread hook = new Thread(this::end, "end of the ranks");

    private RankProcesses(List<RankProcess> ranks) {
        this.ranks = ranks;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Starts one JVM an assignment. Returns before they have done anything. */
    public static RankProcesses start(RankJvm jvm, List<RankAssignment> assignments) {
        return start(Collections.nCopies(assignments.size(), jvm), assignments);
    }

    /** Starts assignment {@code r} by {@code jvms.get(r)}. */
    public static RankProcesses start(List<RankJvm> jvms, List<RankAssignment> assignments) {
        List<RankProcess> started = new ArrayList<>();
        try {
            for (int rank = 0; rank < assignments.size(); rank++) {
                started.add(RankProcess.start(jvms.get(rank), assignments.get(rank)));
            }
            return new RankProcesses(started);
        } catch (RuntimeException failure) {
            started.forEach(RankProcess::abandon);
            started.forEach(rank -> rank.end().join());
            throw failure;
        }
    }

    /**
     * Collects the addresses of all ranks and sends them to all.
     *
     * @throws RankProcessException when a rank ended before it had an address, or {@code deadline} passed
     */
    public void meet(Duration deadline) throws InterruptedException {
        List<RankAddress> addresses = addresses(deadline);
        introduce(rank -> addresses);
    }

    /** The addresses of all ranks, which wait until {@link #introduce}. */
    public List<RankAddress> addresses(Duration deadline) throws InterruptedException {
        long until = System.nanoTime() + deadline.toNanos();
        List<RankAddress> addresses = new ArrayList<>();
        for (RankProcess rank : ranks) {
            Duration left = Duration.ofNanos(Math.max(0, until - System.nanoTime()));
            Futures.get(CompletableFuture.anyOf(rank.address(), anyEnd()), left);
            Optional<RankEnd> ended = firstEnd();
            if (ended.isPresent()) {
                throw new RankProcessException(describe(ended.get()) + ", before the ranks met");
            }
            addresses.add(Futures.get(rank.address(), Duration.ZERO)
                    .orElseThrow(() -> new RankProcessException(rank + " had no address after " + deadline.toSeconds()
                            + " s; it printed: " + rank.output())));
        }
        return addresses;
    }

    /** Tells each rank the addresses that {@code view} has for it. */
    public void introduce(IntFunction<List<RankAddress>> view) {
        for (RankProcess rank : ranks) {
            rank.say(RankLine.of(RankLine.Kind.ADDRESSES, view.apply(rank.rank())));
        }
    }

    /** The process of rank {@code rank}. */
    public RankProcess rank(int rank) {
        return ranks.get(rank);
    }

    /** Number of ranks. */
    public int size() {
        return ranks.size();
    }

    /**
     * How they ended, by rank.
     *
     * @throws RankProcessException when one runs on after {@code deadline}
     */
    public List<RankEnd> await(Duration deadline) throws InterruptedException {
        long until = System.nanoTime() + deadline.toNanos();
        List<RankEnd> ends = new ArrayList<>();
        for (RankProcess rank : ranks) {
            ends.add(rank.await(Duration.ofNanos(Math.max(0, until - System.nanoTime())))
                    .orElseThrow(() -> new RankProcessException(
                            rank + " still ran after " + deadline.toSeconds() + " s; it printed: " + rank.output())));
        }
        return ends;
    }

    /** How the first that ended did, or empty while all run. */
    public Optional<RankEnd> firstEnd() {
        return ranks.stream()
                .filter(rank -> rank.end().isDone())
                .map(rank -> rank.end().join())
                .findFirst();
    }

    /** A sentence on how a rank ended: what its program said, else its exit code and what it printed last. */
    public String describe(RankEnd end) {
        if (end.error().isPresent()) {
            return "rank " + end.rank() + " failed: " + end.error().get().describe();
        }
        String printed = rank(end.rank()).output();
        return "rank " + end.rank() + " ended with exit code " + end.exitCode()
                + (printed.isEmpty() ? "" : "; it printed: " + printed);
    }

    /** What to tell a person when not all of {@code ends} are well: the ranks that a signal ended first, then the others' errors. */
    public RankProcessException failure(List<RankEnd> ends) {
        return new RankProcessException(ends.stream()
                .filter(end -> !end.well())
                .sorted(Comparator.comparing((RankEnd end) -> end.error().isPresent()))
                .map(this::describe)
                .distinct()
                .collect(Collectors.joining("\n")));
    }

    private CompletableFuture<Object> anyEnd() {
        return CompletableFuture.anyOf(ranks.stream().map(RankProcess::end).toArray(CompletableFuture[]::new));
    }

    /** Closes all pipes, waits some seconds, and kills what is left. Returns when all have ended. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException endingAnyway) {
            // The JVM is ending, and the hook does or did the same.
        }
        end();
    }

    private void end() {
        ranks.forEach(RankProcess::abandon);
        boolean interrupted = false;
        long until = System.nanoTime() + GRACE.toNanos();
        for (RankProcess rank : ranks) {
            try {
                rank.await(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
            } catch (InterruptedException hurry) {
                interrupted = true;
                until = System.nanoTime();
            }
        }
        for (RankProcess rank : ranks) {
            rank.destroy();
            rank.end().join();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
