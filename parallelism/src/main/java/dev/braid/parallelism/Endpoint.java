package dev.braid.parallelism;

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
     * @param memory of the rank: what lies in it can be read in place by peers of the host where it is shareable
     */
    static Endpoint open(int rank, int ranks, Memory memory, CommunicationSettings settings) {
        throw new UnsupportedOperationException("not there yet");
    }

    /** What all ranks must learn of this one. */
    RankAddress address();

    /** Joins the ranks, {@code addresses.get(r)} being rank {@code r}. Once only; the fabric then owns the transports. */
    Fabric join(List<RankAddress> addresses);

    /** Frees everything unless it was joined. Idempotent. */
    @Override
    void close();
}
