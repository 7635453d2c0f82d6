package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.preflight.HostFacts;
import dev.braid.parallelism.preflight.HostProbe;
import dev.braid.parallelism.preflight.InterfaceChoice;
import dev.braid.parallelism.preflight.NetworkCandidate;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.aeron.AeronOptions;
import dev.braid.parallelism.transport.aeron.AeronSizes;
import dev.braid.parallelism.transport.aeron.AeronTransport;
import dev.braid.parallelism.transport.aeron.SizeLimits;
import dev.braid.parallelism.transport.local.SharedTransport;
import dev.braid.parallelism.transport.tcp.TcpTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Opens the transports that the settings allow and the reach of the run needs, the nearest first.
 *
 * @param host name or address of this machine, for messages
 */
record OpenTransports(List<Transport> transports, String host) {
    static OpenTransports open(int rank, int ranks, CommunicationSettings settings) {
        String wanted = settings.transport();
        boolean auto = wanted.equals("auto");
        List<Transport> open = new ArrayList<>();
        HostFacts facts = HostProbe.gather();
        NetworkCandidate network = network(facts, settings);
        try {
            if (wanted.equals("shared") || auto) {
                open.add(new SharedTransport(rank, ranks, ThisProcess.processKey()));
            }
            if (wanted.equals("ipc") || auto && settings.reach().compareTo(Reach.HOST) >= 0) {
                open.add(AeronTransport.ipc(options(ranks, facts, network, settings)));
            }
            if (wanted.equals("udp") || auto && settings.reach() == Reach.NETWORK) {
                open.add(AeronTransport.udp(options(ranks, facts, network, settings), network.address()));
            }
            if (wanted.equals("tcp")) {
                open.add(new TcpTransport(rank, ranks, network.address()));
            }
            return new OpenTransports(List.copyOf(open), ThisProcess.hostName());
        } catch (RuntimeException failure) {
            open.forEach(Transport::close);
            throw failure;
        }
    }

    /** Ranks of one host meet at its loopback, unless the user names an interface. */
    private static NetworkCandidate network(HostFacts facts, CommunicationSettings settings) {
        Optional<NetworkCandidate> loopback = facts.candidates().stream()
                .filter(candidate -> candidate.up() && candidate.loopback())
                .findFirst();
        return settings.reach() == Reach.NETWORK || settings.bind().isPresent() || loopback.isEmpty()
                ? InterfaceChoice.choose(facts, settings.bind())
                : loopback.get();
    }

    private static AeronOptions options(
            int ranks, HostFacts facts, NetworkCandidate network, CommunicationSettings settings) {
        SizeLimits limits = new SizeLimits(
                ranks, settings.memoryLimit(), network.mtu(), facts.receiveBufferOrUsual(), facts.sendBufferOrUsual());
        return AeronOptions.of(settings, ThisProcess.hostName(), AeronSizes.of(limits));
    }
}
