package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.memory.HostMemory;
import dev.braid.parallelism.memory.NoSharing;
import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Transport;
import dev.braid.tensor.Memory;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The transports of a rank, open but without peers. */
public final class RankEndpoint implements Endpoint {
    private final int ranks;
    private final Memory memory;
    private final CommunicationSettings settings;
    private final PeerMemory peerMemory;
    private final List<Transport> transports;
    private final RankAddress address;
    private boolean joined;

    private RankEndpoint(
            int rank,
            int ranks,
            Memory memory,
            CommunicationSettings settings,
            PeerMemory peerMemory,
            OpenTransports opened) {
        this.ranks = ranks;
        this.memory = memory;
        this.settings = settings;
        this.peerMemory = peerMemory;
        this.transports = opened.transports();
        Map<String, String> endpoints = new TreeMap<>();
        transports.forEach(transport -> endpoints.put(transport.name(), transport.endpoint()));
        this.address = new RankAddress(
                rank,
                opened.host(),
                ThisProcess.hostId(),
                ThisProcess.processId(),
                ThisProcess.processKey(),
                endpoints,
                peerMemory.descriptor());
    }

    /** See {@link Endpoint#open}. */
    public static Endpoint open(int rank, int ranks, Memory memory, CommunicationSettings settings) {
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException("rank " + rank + " is not one of 0 to " + (ranks - 1));
        }
        OpenTransports opened = OpenTransports.open(rank, ranks, settings);
        // A transport that was asked for by name carries the bytes too, so that it can be measured and trusted by
        // itself.
        boolean inPlace =
                settings.transport().equals("auto") || settings.transport().equals("shared");
        PeerMemory peerMemory =
                inPlace ? new HostMemory(settings.runId() + "/" + settings.attempt(), rank, memory) : new NoSharing();
        return new RankEndpoint(rank, ranks, memory, settings, peerMemory, opened);
    }

    @Override
    public RankAddress address() {
        return address;
    }

    @Override
    public Fabric join(List<RankAddress> addresses) {
        if (joined) {
            throw new IllegalStateException("rank " + address.rank() + " has joined already");
        }
        check(addresses);
        joined = true;
        return new RankFabric(new Engine(
                address.rank(),
                addresses,
                transports,
                peerMemory,
                memory,
                settings,
                System::nanoTime,
                new SecureRandom()));
    }

    private void check(List<RankAddress> addresses) {
        if (addresses.size() != ranks) {
            throw new IllegalArgumentException(addresses.size() + " addresses for " + ranks + " ranks");
        }
        for (int rank = 0; rank < ranks; rank++) {
            if (addresses.get(rank).rank() != rank) {
                throw new IllegalArgumentException("the address at place " + rank + " is that of " + addresses.get(rank)
                        + ": addresses must be in rank order");
            }
        }
        if (!addresses.get(address.rank()).processKey().equals(address.processKey())) {
            throw new IllegalArgumentException(
                    "the address of rank " + address.rank() + " is not this one's: " + addresses.get(address.rank())
                            + ". Two processes act as the same rank, or addresses of two attempts are mixed");
        }
    }

    @Override
    public void close() {
        if (!joined) {
            joined = true;
            transports.forEach(Transport::close);
            peerMemory.withdraw();
            peerMemory.close();
        }
    }
}
