package dev.braid.parallelism;

import dev.braid.parallelism.engine.RankEndpoint;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import java.util.List;

/**
 * One rank's side of an attempt before it has joined: its transports are open and its address is known.
 *
 * <pre>
 * try (Endpoint endpoint = Endpoint.open(rank, ranks, memory, settings)) {
 *     List&lt;RankAddress&gt; all = decode(context.allGather(encode(endpoint.address())));
 *     try (Fabric fabric = endpoint.join(all)) { ... }
 * }
 * </pre>
 */
public interface Endpoint extends AutoCloseable {
    /**
     * Opens the transports of a rank.
     *
     * @param memory of the rank: peers in the same JVM read it in place, and so do those in other JVMs of the host when it is
     *     {@link Memory#shared()}. It must be closed after the fabric.
     * @throws IllegalStateException when a transport cannot be opened: no room, no driver, no such interface
     */
    static Endpoint open(int rank, int ranks, Memory memory, CommunicationSettings settings) {
        return RankEndpoint.open(rank, ranks, memory, settings);
    }

    /** What all ranks must learn of this one. */
    RankAddress address();

    /** Joins the ranks, {@code addresses.get(r)} being rank {@code r}. Once only; the fabric then owns the transports. */
    Fabric join(List<RankAddress> addresses);

    /** Frees everything unless it was joined. Idempotent. */
    @Override
    void close();
}
