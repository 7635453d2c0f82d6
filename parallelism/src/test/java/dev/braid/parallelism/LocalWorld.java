package dev.braid.parallelism;

import dev.braid.parallelism.engine.Engine;
import dev.braid.parallelism.engine.RankFabric;
import dev.braid.parallelism.memory.HostMemory;
import dev.braid.parallelism.memory.NoSharing;
import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.local.SharedTransport;
import dev.braid.parallelism.transport.tcp.TcpTransport;
import dev.braid.tensor.Memory;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/**
 * Ranks of one attempt in this JVM, each with its own memory and fabric. {@link #each} runs a program on all of them, a thread
 * for each rank; the first error fails the attempt, so that no other rank waits for one that has given up, and is thrown.
 */
final class LocalWorld implements AutoCloseable {
    /** Sixteen bytes; what they are does not matter. */
    static final byte[] SECRET = "a secret of tests".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    static final CommunicationSettings SETTINGS = CommunicationSettings.of("tests", 1, SECRET);

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** What a rank does. */
    interface Program {
        void run(LocalRank rank) throws Exception;
    }

    /** The ranks, in order. */
    final List<LocalRank> ranks = new ArrayList<>();

    /** What the ranks have told each other. */
    final List<RankAddress> addresses;

    private LocalWorld(Wires wires, int count, CommunicationSettings settings, List<String> hosts) {
        List<Memory> memories = new ArrayList<>();
        List<Transport> transports = new ArrayList<>();
        List<PeerMemory> sharing = new ArrayList<>();
        List<RankAddress> all = new ArrayList<>();
        String run = settings.runId() + "/" + System.nanoTime();
        for (int rank = 0; rank < count; rank++) {
            Memory memory = new Memory();
            memories.add(memory);
            transports.add(
                    wires == Wires.TCP
                            ? new TcpTransport(rank, count, InetAddress.getLoopbackAddress())
                            : new SharedTransport(rank, count, ThisProcess.processKey()));
            sharing.add(wires == Wires.IN_PLACE ? new HostMemory(run, rank, memory) : new NoSharing());
            all.add(address(rank, hosts.get(rank), transports.get(rank), sharing.get(rank)));
        }
        addresses = List.copyOf(all);
        for (int rank = 0; rank < count; rank++) {
            Engine engine = new Engine(
                    rank,
                    addresses,
                    List.of(transports.get(rank)),
                    sharing.get(rank),
                    memories.get(rank),
                    settings,
                    System::nanoTime,
                    new SecureRandom());
            ranks.add(new LocalRank(rank, memories.get(rank), new RankFabric(engine)));
        }
    }

    private static RankAddress address(int rank, String host, Transport transport, PeerMemory memory) {
        return new RankAddress(
                rank,
                host,
                host,
                ThisProcess.processId(),
                ThisProcess.processKey(),
                Map.of(transport.name(), transport.endpoint()),
                memory.descriptor());
    }

    /** Ranks on one host. */
    static LocalWorld of(Wires wires, int count) {
        return of(wires, count, settings -> settings);
    }

    /** Ranks on one host with settings of their own. */
    static LocalWorld of(Wires wires, int count, UnaryOperator<CommunicationSettings> change) {
        return new LocalWorld(
                wires, count, settings(wires, change), java.util.Collections.nCopies(count, ThisProcess.hostId()));
    }

    /** Ranks that believe to be on the given hosts, one for each rank. */
    static LocalWorld onHosts(Wires wires, List<String> hosts, UnaryOperator<CommunicationSettings> change) {
        return new LocalWorld(wires, hosts.size(), settings(wires, change), hosts);
    }

    private static CommunicationSettings settings(Wires wires, UnaryOperator<CommunicationSettings> change) {
        return change.apply(SETTINGS.withTransport(wires == Wires.TCP ? "tcp" : "shared"));
    }

    /** Opens ranks, runs one program on them and closes them. */
    static void run(Wires wires, int count, Program program) throws Exception {
        try (LocalWorld world = of(wires, count)) {
            world.each(program);
        }
    }

    /** As above, with one algorithm for all operations. */
    static void run(Wires wires, int count, Algorithm algorithm, Program program) throws Exception {
        try (LocalWorld world = of(wires, count, settings -> settings.withAlgorithm(algorithm))) {
            world.each(program);
        }
    }

    /** Runs {@code program} on all ranks at once. */
    void each(Program program) throws Exception {
        AtomicReference<Throwable> first = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (LocalRank rank : ranks) {
            threads.add(Thread.ofPlatform().name("rank-" + rank.rank()).start(() -> {
                try {
                    program.run(rank);
                } catch (Throwable problem) {
                    if (!first.compareAndSet(null, problem)) {
                        first.get().addSuppressed(problem);
                    }
                    rank.fabric().abort("its test has failed");
                }
            }));
        }
        for (Thread thread : threads) {
            if (!thread.join(LIMIT)) {
                throw new AssertionError(thread.getName() + " hangs: "
                        + List.of(thread.getStackTrace()) + "\n"
                        + ranks.getFirst().fabric().describe());
            }
        }
        switch (first.get()) {
            case null -> {}
            case Error error -> throw error;
            case Exception exception -> throw exception;
            case Throwable other -> throw new AssertionError(other);
        }
    }

    /** All leave together, as they wait for each other. */
    @Override
    public void close() {
        try {
            each(rank -> rank.fabric().close());
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        } finally {
            ranks.forEach(rank -> rank.memory().close());
        }
    }
}
