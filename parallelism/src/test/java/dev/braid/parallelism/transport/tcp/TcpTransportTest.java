package dev.braid.parallelism.transport.tcp;

import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.TransportContract;
import java.net.InetAddress;

final class TcpTransportTest extends TransportContract {
    @Override
    protected Transport create(int rank, int ranks) {
        return new TcpTransport(rank, ranks, InetAddress.getLoopbackAddress());
    }
}
