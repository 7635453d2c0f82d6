package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One rank's side of a {@link SimulatedNetwork}. Not thread-safe. */
public final class SimulatedTransport implements Transport {
    /** The name of this transport. */
    public static final String NAME = "simulated";

    final int rank;
    final String endpoint;
    final Inbox inbox = new Inbox();
    /** All channels that this rank dialled. */
    final List<Channel> outgoing = new ArrayList<>();
    /** All channels that peers dialled to this rank. */
    final List<Channel> incoming = new ArrayList<>();

    boolean killed;
    boolean closed;
    /** There is something new for this rank beside what its inbox holds: a channel was connected, has room or broke. */
    boolean attention;

    private final SimulatedNetwork network;

    SimulatedTransport(SimulatedNetwork network, int rank) {
        this.network = network;
        this.rank = rank;
        endpoint = "seed-" + network.seed() + "/rank-" + rank;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String endpoint() {
        return endpoint;
    }

    /** The address of this rank, in a process and on a host of its own. */
    public RankAddress address() {
        return new RankAddress(
                rank, "host-" + rank, "host-" + rank, rank + 1L, "process-" + rank, Map.of(NAME, endpoint()), "");
    }

    @Override
    public boolean reaches(RankAddress peer) {
        return network.rankAt(peer.endpoints().getOrDefault(NAME, "")) >= 0;
    }

    /** False: bits can flip. */
    @Override
    public boolean intact() {
        return false;
    }

    @Override
    public boolean repeats() {
        return true;
    }

    @Override
    public Outgoing dial(RankAddress peer) {
        String endpoint = peer.endpoints().getOrDefault(NAME, "");
        int other = network.rankAt(endpoint);
        if (other < 0) {
            throw new IllegalArgumentException(
                    peer + " has the endpoint '" + endpoint + "', which is not in this simulated network");
        }
        return network.dial(this, other);
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        attention = false;
        int done = 0;
        while (done < limit && !killed && !closed && inbox.size() > 0) {
            network.deliver(this, inbox.remove(), receiver);
            done++;
        }
        return done;
    }

    @Override
    public void refuse(long channel) {
        for (Channel candidate : incoming) {
            if (candidate.id == channel && !candidate.refused) {
                network.receiverRefuses(candidate);
            }
        }
    }

    @Override
    public long bufferBytes() {
        long bytes = 0;
        for (Channel channel : outgoing) {
            bytes += channel.queuedBytes;
        }
        for (Channel channel : incoming) {
            bytes += channel.queuedBytes;
        }
        return bytes;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder(NAME).append(", rank ").append(rank);
        text.append(killed ? ", killed" : closed ? ", closed" : "").append(System.lineSeparator());
        outgoing.forEach(channel -> text.append(channel.describe()).append(System.lineSeparator()));
        incoming.forEach(channel -> text.append(channel.describe()).append(System.lineSeparator()));
        return text.toString();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            network.leave(this);
        }
    }
}
