package dev.braid.trainer.bench;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/** A benchmark whose ranks are threads of this JVM, each with an endpoint and a memory of its own. */
final class ThreadRanks {
    private static final long GRACE_MILLIS = 3_000;

    private final CommRank.Opener opener;
    private final List<CompletableFuture<RankAddress>> addresses;
    private final CommunicationSettings settings;
    private final CommPlan plan;
    private final CommListener listener;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    ThreadRanks(
            CommRank.Opener opener, int ranks, CommunicationSettings settings, CommPlan plan, CommListener listener) {
        this.opener = opener;
        this.addresses = IntStream.range(0, ranks)
                .mapToObj(rank -> new CompletableFuture<RankAddress>())
                .toList();
        this.settings = settings;
        this.plan = plan;
        this.listener = listener;
    }

    /** Runs it. Throws what the first rank that failed threw. */
    void run() throws InterruptedException {
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
            case null -> {}
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
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

    private void rank(int rank) {
        try (Memory memory = CommRank.memory(plan);
                Endpoint endpoint = opener.open(rank, addresses.size(), memory, settings)) {
            addresses.get(rank).complete(endpoint.address());
            List<RankAddress> all =
                    addresses.stream().map(CompletableFuture::join).toList();
            try (Fabric fabric = endpoint.join(all)) {
                new CommRank(fabric, memory, plan, rank == 0 ? listener : CommListener.NONE).run();
            }
        }
    }
}
