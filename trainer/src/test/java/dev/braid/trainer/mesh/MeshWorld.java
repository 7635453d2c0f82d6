package dev.braid.trainer.mesh;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Memory;
import dev.braid.tensor.kernels.KernelProviders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/** The ranks of a mesh as threads of this JVM, each with its own memory, core and fabric. */
final class MeshWorld {
    private static final byte[] SECRET = "a secret of tests".getBytes(StandardCharsets.US_ASCII);
    private static final Duration LIMIT = Duration.ofMinutes(4);

    /** One rank, as its program sees it. */
    record Rank(int rank, Compute compute, RankGroups groups) {}

    /** What a rank does. */
    interface Program<T> {
        T run(Rank rank) throws Exception;
    }

    private MeshWorld() {}

    /** Runs {@code program} on all ranks and returns what each returned, in rank order. */
    static <T> List<T> run(Mesh mesh, Program<T> program) throws Exception {
        int count = mesh.ranks();
        CommunicationSettings settings =
                CommunicationSettings.of("mesh-" + System.nanoTime(), 0, SECRET).withReach(Reach.PROCESS);
        List<CompletableFuture<RankAddress>> addresses = IntStream.range(0, count)
                .mapToObj(rank -> new CompletableFuture<RankAddress>())
                .toList();
        List<AtomicReference<T>> results = IntStream.range(0, count)
                .mapToObj(rank -> new AtomicReference<T>())
                .toList();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int rank = i;
            threads.add(Thread.ofPlatform().name("rank-" + rank).start(() -> {
                Memory memory = new Memory();
                try (Compute compute = new Compute(1, "auto", "rank-" + rank, KernelProviders.chosen(), memory);
                        Endpoint endpoint = Endpoint.open(rank, count, memory, settings)) {
                    addresses.get(rank).complete(endpoint.address());
                    List<RankAddress> all =
                            addresses.stream().map(CompletableFuture::join).toList();
                    try (Fabric fabric = endpoint.join(all)) {
                        try {
                            results.get(rank).set(program.run(new Rank(rank, compute, new RankGroups(mesh, fabric))));
                        } catch (Throwable thrown) {
                            failure.compareAndSet(null, thrown);
                            fabric.abort(String.valueOf(thrown.getMessage()));
                        }
                    }
                } catch (Throwable thrown) {
                    failure.compareAndSet(null, thrown);
                    addresses.get(rank).completeExceptionally(thrown);
                }
            }));
        }
        for (Thread thread : threads) {
            if (!thread.join(LIMIT)) {
                throw new AssertionError(thread.getName() + " hangs: " + List.of(thread.getStackTrace()));
            }
        }
        switch (failure.get()) {
            case null -> {}
            case Error error -> throw error;
            case Exception exception -> throw exception;
            case Throwable other -> throw new AssertionError(other);
        }
        return results.stream().map(AtomicReference::get).toList();
    }
}
