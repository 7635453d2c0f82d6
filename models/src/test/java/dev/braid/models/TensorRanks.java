package dev.braid.models;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.tensor.GroupTensorAxis;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Compute;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.WholeStore;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Ranks of one tensor axis as threads of this JVM, each with its own memory and cores, each holding its parts whole. */
final class TensorRanks {
    /** One of them, as its program sees it. */
    record Rank(Compute compute, TensorAxis axis, ExposedTime exposed, Fabric fabric) implements Layout {
        @Override
        public TensorAxis tensorAxis() {
            return axis;
        }

        @Override
        public ParameterStore store(Compute rankCompute, Parameters declared) {
            return new WholeStore(rankCompute, declared);
        }
    }

    /** What a rank does. */
    interface Program<T> {
        T run(Rank rank);
    }

    private static final byte[] SECRET = "a secret of tests".getBytes(StandardCharsets.US_ASCII);

    private final CommunicationSettings settings;
    private final List<CompletableFuture<RankAddress>> addresses;

    private TensorRanks(int ranks) {
        settings = CommunicationSettings.of("models/" + System.nanoTime(), 1, SECRET)
                .withTransport("shared")
                .withReach(Reach.PROCESS);
        addresses = Stream.generate(CompletableFuture<RankAddress>::new)
                .limit(ranks)
                .toList();
    }

    /** Runs {@code program} on {@code ranks} ranks and returns what they return, in order. */
    static <T> List<T> run(int ranks, Program<T> program) {
        TensorRanks world = new TensorRanks(ranks);
        try (ExecutorService threads = Executors.newFixedThreadPool(ranks)) {
            List<CompletableFuture<T>> results = IntStream.range(0, ranks)
                    .mapToObj(rank -> CompletableFuture.supplyAsync(() -> world.rank(rank, program), threads))
                    .toList();
            return results.stream().map(TensorRanks::result).toList();
        }
    }

    private static <T> T result(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException wrapped) {
            if (wrapped.getCause() instanceof Error error) {
                throw error;
            }
            throw wrapped;
        }
    }

    private <T> T rank(int rank, Program<T> program) {
        try (Compute compute = new Compute(1, "auto", "rank " + rank);
                Endpoint endpoint = Endpoint.open(rank, addresses.size(), compute.memory(), settings)) {
            addresses.get(rank).complete(endpoint.address());
            List<RankAddress> all =
                    addresses.stream().map(CompletableFuture::join).toList();
            try (Fabric fabric = endpoint.join(all)) {
                ExposedTime exposed = new ExposedTime();
                return guarded(
                        new Rank(compute, new GroupTensorAxis(fabric.world(), exposed), exposed, fabric), program);
            }
        }
    }

    /** A rank that fails keeps no other waiting. */
    private static <T> T guarded(Rank rank, Program<T> program) {
        boolean done = false;
        try {
            T result = program.run(rank);
            done = true;
            return result;
        } finally {
            if (!done) {
                rank.fabric.abort("its test has failed");
            }
        }
    }
}
