package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.aeron.AeronOptions;
import dev.braid.parallelism.transport.aeron.AeronSizes;
import dev.braid.parallelism.transport.aeron.AeronTransport;
import dev.braid.parallelism.transport.aeron.SizeLimits;
import dev.braid.parallelism.transport.local.SharedTransport;
import dev.braid.parallelism.transport.tcp.TcpTransport;
import java.util.ArrayList;
import java.util.List;

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
        try {
            if (wanted.equals("shared") || auto) {
                open.add(new SharedTransport(rank, ranks, ThisProcess.processKey()));
            }
            if (wanted.equals("ipc") || auto && settings.reach().compareTo(Reach.HOST) >= 0) {
                open.add(AeronTransport.ipc(options(ranks, settings)));
            }
            if (wanted.equals("udp") || auto && settings.reach() == Reach.NETWORK) {
                open.add(AeronTransport.udp(options(ranks, settings), HostAddress.of(settings)));
            }
            if (wanted.equals("tcp")) {
                open.add(new TcpTransport(rank, ranks, HostAddress.of(settings)));
            }
            return new OpenTransports(List.copyOf(open), ThisProcess.hostName());
        } catch (RuntimeException failure) {
            open.forEach(Transport::close);
            throw failure;
        }
    }

    private static AeronOptions options(int ranks, CommunicationSettings settings) {
        SizeLimits limits = new SizeLimits(
                ranks,
                settings.memoryLimit(),
                HostAddress.mtu(HostAddress.of(settings)),
                HostAddress.limit("rmem_max"),
                HostAddress.limit("wmem_max"));
        return AeronOptions.of(settings, ThisProcess.hostName(), AeronSizes.of(limits));
    }
}
