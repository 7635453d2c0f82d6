package dev.braid.trainer.bench;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.preflight.Check;
import dev.braid.parallelism.preflight.HostFacts;
import dev.braid.parallelism.preflight.HostProbe;
import dev.braid.parallelism.preflight.InterfaceChoice;
import dev.braid.parallelism.preflight.Preflight;
import dev.braid.parallelism.transport.aeron.AeronSizes;
import dev.braid.parallelism.transport.aeron.SizeLimits;
import dev.braid.tensor.Compute;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.trainer.ranks.RankJvm;
import dev.braid.trainer.ranks.RankThreads;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collectives between ranks of this host, measured. */
public final class CommBenchmark {
    private static final int SECRET_BYTES = 32;

    private CommBenchmark() {}

    /**
     * Measures {@code plan} over one transport.
     *
     * @param processes whether each rank is a JVM of its own
     * @throws dev.braid.parallelism.CommunicationException when a thread's rank failed
     * @throws dev.braid.trainer.ranks.RankProcessException when a JVM's rank failed
     */
    public static void run(
            int ranks, boolean processes, String transport, Algorithm algorithm, CommPlan plan, CommListener listener)
            throws InterruptedException {
        CommunicationSettings settings = settings()
                .withTransport(transport)
                .withReach(processes ? Reach.HOST : Reach.PROCESS)
                .withAlgorithm(algorithm);
        if (processes) {
            new ProcessRanks(RankJvm.of(CommRankProgram.class), ranks, settings, plan, listener).run();
        } else {
            threads(Endpoint::open, ranks, settings, plan, listener);
        }
    }

    /** Ranks that are threads of this JVM. */
    static void threads(
            RankThreads.Opener opener, int ranks, CommunicationSettings settings, CommPlan plan, CommListener listener)
            throws InterruptedException {
        RankThreads<Boolean> threads = new RankThreads<>(
                opener,
                ranks,
                settings,
                rank -> new Compute(1, "vector", "rank-" + rank, KernelProviders.chosen(), CommRank.memory(plan)),
                (fabric, compute) -> {
                    new CommRank(fabric, compute.memory(), plan, fabric.rank() == 0 ? listener : CommListener.NONE)
                            .run();
                    return true;
                });
        try {
            threads.run();
        } catch (InterruptedException | RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** What all benchmarks share, under a secret and a run id of its own. */
    public static CommunicationSettings settings() {
        byte[] secret = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(secret);
        byte[] name = new byte[8];
        new SecureRandom().nextBytes(name);
        return CommunicationSettings.of("bench-" + HexFormat.of().formatHex(name), 1, secret);
    }

    /** What this host offers {@code ranks} ranks that all run on it. */
    public static List<Check> preflight(int ranks) {
        HostFacts facts = HostProbe.gather();
        SizeLimits limits = new SizeLimits(
                ranks,
                CommunicationSettings.MEMORY_LIMIT,
                InterfaceChoice.choose(facts, Optional.empty()).mtu(),
                facts.receiveBufferOrUsual(),
                facts.sendBufferOrUsual());
        return Preflight.evaluate(facts, Optional.empty(), AeronSizes.of(limits), ranks);
    }

    /** GB/s (10^9 bytes/s) at which one thread copies memory, by size. */
    public static Map<Long, Double> copyRates(List<Long> sizes) {
        return MemoryCopy.measure(sizes);
    }

    /**
     * What ranks of one host really use: {@code auto} spelt out, {@code shared+ipc} being tensors that peers read in place with
     * signals over ipc.
     *
     * @param transport as people ask for it
     */
    public static String spelledOut(String transport, boolean processes, boolean sharedMemory) {
        if (!transport.equals("auto")) {
            return transport;
        }
        if (!processes) {
            return "shared";
        }
        return sharedMemory ? "shared+ipc" : "ipc";
    }
}
