package dev.braid.parallelism.memory;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.SharedFile;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One rank's {@link Memory} among those of its host. Ranks of this JVM read all of it; ranks of other JVMs of the host read it when
 * it is {@link Memory#shared()}, through a read-only mapping of its file.
 *
 * <p>Closing the memory first withdraws it here, so no order of closing lets a rank of this JVM read freed memory. Ranks of other
 * JVMs keep what they have mapped: after a withdrawal they may read old bytes, but always readable ones. Thread-safe.
 */
public final class HostMemory implements PeerMemory {
    private final String runKey;
    private final Memory memory;
    private final Optional<Tensor> token;
    private final MemoryDescriptor descriptor;
    private final String text;
    private final Publication publication;
    private final Runnable withdrawal = this::withdraw;
    /** By descriptor, which is unique: it holds the token. */
    private final Map<String, Known> peers = new ConcurrentHashMap<>();

    private boolean closed;

    /** A peer, found out about once. */
    private record Known(RankAddress address, Peer peer) {}

    /**
     * Publishes {@code memory} to ranks of the same run.
     *
     * @param runKey names run and attempt: equal for all ranks that may read each other
     */
    public HostMemory(String runKey, int rank, Memory memory) {
        this.runKey = runKey;
        this.memory = memory;
        String secret = MemoryDescriptor.newToken();
        token = memory.sharedFile()
                .map(file -> memory.zeros(Category.COMMUNICATION, DType.I8, Shape.of(MemoryDescriptor.TOKEN_BYTES)));
        descriptor = new MemoryDescriptor(secret, token.map(tensor -> write(secret, tensor)));
        text = descriptor.text();
        publication = new Publication(runKey, rank, memory, new Readers());
        memory.beforeClose(withdrawal);
        publication.publish(secret);
    }

    private MemoryDescriptor.InFile write(String secret, Tensor tensor) {
        SharedFile file = memory.sharedFile().orElseThrow();
        MemoryDescriptor.writeToken(secret, tensor.address());
        return new MemoryDescriptor.InFile(
                file.processId(), file.descriptor(), file.offset(tensor.address(), tensor.bytes()));
    }

    @Override
    public String descriptor() {
        return text;
    }

    @Override
    public boolean reads(RankAddress peer) {
        return peer(peer).readable();
    }

    @Override
    public long locate(RankAddress peer, long address, long bytes) {
        if (publication.readers().isShut()) {
            return NOT_SHARED;
        }
        if (peer.processKey().equals(ThisProcess.processKey())) {
            return memory.contains(address, bytes) ? address : NOT_SHARED;
        }
        if (!peer.hostId().equals(ThisProcess.hostId())) {
            return NOT_SHARED;
        }
        return memory.sharedFile().map(file -> file.offset(address, bytes)).orElse(NOT_SHARED);
    }

    @Override
    public long resolve(RankAddress peer, long location, long bytes) {
        return peer(peer).resolve(location, bytes);
    }

    @Override
    public boolean enter(RankAddress peer) {
        return peer(peer).enter();
    }

    @Override
    public void leave(RankAddress peer) {
        peer(peer).leave();
    }

    private Peer peer(RankAddress address) {
        Known known = peers.get(address.memory());
        return known != null ? known.peer() : open(address);
    }

    private synchronized Peer open(RankAddress address) {
        if (closed) {
            return new Peer.OutOfReach("this rank has closed its side");
        }
        return peers.computeIfAbsent(address.memory(), ignored -> new Known(address, find(address)))
                .peer();
    }

    private Peer find(RankAddress address) {
        if (address.memory().isEmpty()) {
            return new Peer.OutOfReach("the rank shares nothing");
        }
        Optional<MemoryDescriptor> found = MemoryDescriptor.parse(address.memory());
        if (found.isEmpty()) {
            return new Peer.OutOfReach("'" + address.memory() + "' describes no memory; do all ranks run one version?");
        }
        if (address.processKey().equals(ThisProcess.processKey())) {
            return inThisJvm(found.get());
        }
        if (!address.hostId().equals(ThisProcess.hostId())) {
            return new Peer.OutOfReach("the rank lives on another host, or in another process namespace");
        }
        return inFile(found.get());
    }

    private Peer inThisJvm(MemoryDescriptor peer) {
        Optional<Publication> published = Publication.find(peer.token());
        if (published.isEmpty()) {
            return new Peer.OutOfReach("the rank has withdrawn its memory");
        }
        if (!published.get().runKey().equals(runKey)) {
            return new Peer.OutOfReach(
                    "the memory belongs to " + published.get().runKey() + ", not to " + runKey);
        }
        return new Peer.InThisJvm(published.get());
    }

    private static Peer inFile(MemoryDescriptor peer) {
        if (peer.file().isEmpty()) {
            return new Peer.OutOfReach("the rank's memory is its process's alone");
        }
        try {
            return new Peer.InFile(peer.open(peer.file().get()), new Readers());
        } catch (IOException | IllegalArgumentException failure) {
            return new Peer.OutOfReach(failure.getMessage());
        }
    }

    /** How each peer that was asked for is read, or why it is not: one line each. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        peers.values().stream()
                .sorted(Comparator.comparingInt(known -> known.address().rank()))
                .forEach(known -> text.append(known.address())
                        .append(": ")
                        .append(known.peer().describe())
                        .append('\n'));
        return text.toString();
    }

    @Override
    public void withdraw() {
        Publication.remove(descriptor.token());
        publication.readers().shut();
    }

    /** Withdraws, waits for this rank's own readers, and unmaps what it had mapped of others. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        withdraw();
        memory.forgetBeforeClose(withdrawal);
        peers.values().forEach(known -> known.peer().close());
        token.ifPresent(Tensor::release);
    }
}
