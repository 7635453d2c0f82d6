package dev.braid.trainer.ranks;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Ranks that are threads of this JVM, each with an endpoint, a memory and cores of its own, connected by a fabric.
 *
 * @param <T> what a rank comes to
 */
public final class RankThreads<T> {
    private static final long GRACE_MILLIS = 3_000;

    /** Opens a rank's endpoint: {@link Endpoint#open}. */
    @FunctionalInterface
    public interface Opener {
        /** As {@link Endpoint#open}. */
        Endpoint open(int rank, int ranks, Memory memory, CommunicationSettings settings);
    }

    /**
     * What each rank does.
     *
     * @param <T> what it comes to
     */
    @FunctionalInterface
    public interface Program<T> {
        /** Runs a rank; all of them are connected. */
        T run(Fabric fabric, Compute compute) throws Exception;
    }

    private final Opener opener;
    private final List<CompletableFuture<RankAddress>> addresses;
    private final CommunicationSettings settings;
    private final IntFunction<Compute> computes;
    private final Program<T> program;
    private final AtomicReferenceArray<T> results;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** @param computes makes what a rank computes on, which is closed at its end */
    public RankThreads(
            Opener opener,
            int ranks,
            CommunicationSettings settings,
            IntFunction<Compute> computes,
            Program<T> program) {
        this.opener = opener;
        this.addresses = IntStream.range(0, ranks)
                .mapToObj(rank -> new CompletableFuture<RankAddress>())
                .toList();
        this.settings = settings;
        this.computes = computes;
        this.program = program;
        this.results = new AtomicReferenceArray<>(ranks);
    }

    /** Runs all ranks to their end, once. Returns what each came to; throws what the first that failed threw. */
    public List<T> run() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int rank = 0; rank < addresses.size(); rank++) {
            int me = rank;
            threads.add(Thread.ofPlatform().name("rank " + rank).unstarted(() -> guarded(me)));
        }
        Thread hook = new Thread(() -> stop(threads), "end of the ranks");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (InterruptedException cancelled) {
            stop(threads);
            throw cancelled;
        }
        switch (failure.get()) {
            case null -> {
                return IntStream.range(0, addresses.size())
                        .mapToObj(results::get)
                        .toList();
            }
            case Error error -> throw error;
            case Exception exception -> throw exception;
            case Throwable other -> throw new IllegalStateException(other);
        }
    }

    /** Lets the ranks leave no file behind when the program is ended by Ctrl-C. */
    private static void stop(List<Thread> threads) {
        threads.forEach(Thread::interrupt);
        long until = System.nanoTime() + GRACE_MILLIS * 1_000_000;
        for (Thread thread : threads) {
            try {
                thread.join(Math.max(1, (until - System.nanoTime()) / 1_000_000));
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void guarded(int rank) {
        try {
            rank(rank);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
            // Ranks that still wait for this one's address end too.
            addresses.get(rank).completeExceptionally(thrown);
        }
    }

    private void rank(int rank) throws Exception {
        try (Compute compute = computes.apply(rank);
                Endpoint endpoint = opener.open(rank, addresses.size(), compute.memory(), settings)) {
            addresses.get(rank).complete(endpoint.address());
            List<RankAddress> all =
                    addresses.stream().map(CompletableFuture::join).toList();
            try (Fabric fabric = endpoint.join(all)) {
                run(rank, fabric, compute);
            }
        }
    }

    private void run(int rank, Fabric fabric, Compute compute) throws Exception {
        try {
            results.set(rank, program.run(fabric, compute));
        } catch (Throwable thrown) {
            // Noted before the others fail because of it.
            failure.compareAndSet(null, thrown);
            fabric.abort("rank " + rank + " failed: " + thrown.getMessage());
            throw thrown;
        }
    }
}
