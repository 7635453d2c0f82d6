package dev.braid.parallelism.transport.aeron;

import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import io.aeron.protocol.SetupFlyweight;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * A udp receiver that does not let a sender choose how much memory its channel takes. The first datagram of a channel names a
 * term length, up to 1 GiB, and the driver would make a log buffer of three such terms.
 */
final class SetupGuard extends ReceiveChannelEndpoint {
    private final int mostTerm;
    private final AtomicLong refused;

    SetupGuard(
            UdpChannel channel,
            DataPacketDispatcher dispatcher,
            AtomicCounter status,
            MediaDriver.Context context,
            int mostTerm,
            AtomicLong refused) {
        super(channel, dispatcher, status, context);
        this.mostTerm = mostTerm;
        this.refused = refused;
    }

    @Override
    public void onSetupMessage(
            SetupFlyweight header, UnsafeBuffer buffer, int length, InetSocketAddress source, int transportIndex) {
        if (header.termLength() > mostTerm) {
            refused.incrementAndGet();
            return;
        }
        super.onSetupMessage(header, buffer, length, source, transportIndex);
    }
}
