package dev.braid.parallelism.transport.aeron;

import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.TransportFault;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Frames over Aeron. As {@code ipc} through memory that the ranks of a host share, as {@code udp} in datagrams between hosts.
 * Frames are written into and read from Aeron's log buffers directly; Aeron sees to order and, over udp, to loss.
 *
 * <p>Each rank listens on one stream with a random id, which its endpoint names: whoever does not know it cannot open a channel.
 *
 * @see MediaDriverLease for the media driver
 */
public final class AeronTransport implements Transport {
    /** Name of the transport between the JVMs of a host. */
    public static final String IPC = "ipc";

    /** Name of the transport between hosts. */
    public static final String UDP = "udp";

    private final AeronMedium medium;
    private final AeronSizes sizes;
    private final MediaDriverLease lease;
    private final AeronClient client;
    private final IncomingChannels incoming;
    private final AeronSubscription subscription;
    private final List<AeronOutgoing> outgoing = new ArrayList<>();
    private boolean closed;

    private AeronTransport(
            AeronMedium medium,
            AeronSizes sizes,
            MediaDriverLease lease,
            IncomingChannels incoming,
            AeronSubscription subscription) {
        this.medium = medium;
        this.sizes = sizes;
        this.lease = lease;
        this.client = lease.client();
        this.incoming = incoming;
        this.subscription = subscription;
    }

    /** A driver can end between the moment that it answers and the one that it is needed: then there is another one to find. */
    private static AeronTransport open(AeronMedium medium, AeronOptions options, Optional<InetAddress> bind) {
        long start = System.nanoTime();
        while (true) {
            MediaDriverLease lease = MediaDriverLease.acquire(options);
            boolean opened = false;
            try {
                AeronTransport transport = open(medium, options, bind, lease);
                opened = true;
                return transport;
            } catch (IllegalStateException failure) {
                boolean over =
                        System.nanoTime() - start > options.timeouts().opening().toNanos();
                if (lease.client().fault().isEmpty()
                        || over
                        || Thread.currentThread().isInterrupted()) {
                    throw failure;
                }
            } finally {
                if (!opened) {
                    lease.close();
                }
            }
        }
    }

    private static AeronTransport open(
            AeronMedium medium, AeronOptions options, Optional<InetAddress> bind, MediaDriverLease lease) {
        AeronSizes sizes = options.sizes();
        IncomingChannels incoming = new IncomingChannels(lease.client(), HostedDriver.mostChannels(sizes.ranks()));
        AeronSubscription subscription = AeronSubscription.open(
                lease.client(),
                medium.listen(sizes, bind),
                incoming,
                options.timeouts().opening());
        return new AeronTransport(medium, sizes, lease, incoming, subscription);
    }

    /**
     * Opens the transport to ranks of this host. Blocks until the host's media driver answers.
     *
     * @throws IllegalStateException when none does in time, or there is no room for it
     */
    public static AeronTransport ipc(AeronOptions options) {
        return open(AeronMedium.IPC, options, Optional.empty());
    }

    /**
     * Opens the transport to ranks of other hosts. Blocks until the host's media driver answers.
     *
     * @param bind address of this host by which the others reach it
     * @throws IllegalStateException when no driver answers in time, there is no room for it, or the address cannot be bound
     */
    public static AeronTransport udp(AeronOptions options, InetAddress bind) {
        return open(AeronMedium.UDP, options, Optional.of(bind));
    }

    /**
     * Removes the folders of media drivers whose processes were killed. Opening a transport does so too; this is for who ends the
     * last process of a host by force.
     */
    public static void removeLeftovers(AeronOptions options) {
        MediaDriverLease.removeLeftovers(options);
    }

    @Override
    public String name() {
        return medium.transportName();
    }

    @Override
    public String endpoint() {
        return new StreamAddress(
                        subscription.stream(),
                        medium.place(subscription, client.note().folder()))
                .text();
    }

    @Override
    public boolean reaches(RankAddress peer) {
        String text = peer.endpoints().get(name());
        if (text == null) {
            return false;
        }
        return medium == AeronMedium.UDP
                || StreamAddress.parse(text)
                        .place()
                        .equals(client.note().folder().toString());
    }

    @Override
    public boolean intact() {
        return medium == AeronMedium.IPC;
    }

    @Override
    public Outgoing dial(RankAddress peer) {
        String text = peer.endpoints().get(name());
        if (text == null) {
            throw new IllegalArgumentException(peer + " has no endpoint for transport " + name() + ", only for "
                    + peer.endpoints().keySet());
        }
        StreamAddress address = StreamAddress.parse(text);
        AeronOutgoing channel = new AeronOutgoing(
                client,
                peer.toString(),
                medium == AeronMedium.IPC && peer.hostId().equals(ThisProcess.hostId()) ? peer.processId() : 0,
                medium.dial(sizes, address.place()),
                address.stream(),
                medium.mtu(sizes) - AeronSizes.HEADER,
                AeronSizes.log(medium.term(sizes)));
        outgoing.add(channel);
        return channel;
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        if (!client.fault().isEmpty()) {
            return incoming.end(receiver, client.fault());
        }
        return incoming.poll(receiver, limit);
    }

    @Override
    public Optional<TransportFault> fault() {
        if (!client.fault().isEmpty()) {
            long culprit = client.driverClosed() ? 0 : client.note().processId();
            return Optional.of(new TransportFault(client.fault(), culprit, client.driverEnded()));
        }
        for (AeronOutgoing channel : outgoing) {
            if (channel.unopened()) {
                return Optional.of(new TransportFault(channel.fault(), 0, false));
            }
        }
        return Optional.empty();
    }

    @Override
    public void refuse(long channel) {
        incoming.refuse(channel);
    }

    @Override
    public long bufferBytes() {
        if (closed) {
            return 0;
        }
        long bytes = 0;
        for (AeronOutgoing channel : outgoing) {
            bytes += channel.bufferBytes();
        }
        if (medium == AeronMedium.UDP) {
            bytes += incoming.bufferBytes() + sizes.receiveBuffer() + (long) outgoing.size() * sizes.sendBuffer();
        }
        return bytes;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder(name() + " " + endpoint() + ", " + lease.describe() + "\n"
                + sizes.describe() + "\n" + incoming.describe());
        if (!client.lastError().isEmpty()) {
            text.append("\nlast error: ").append(client.lastError());
        }
        for (AeronOutgoing channel : outgoing) {
            text.append('\n').append(channel.describe());
        }
        return text.toString();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (AeronOutgoing channel : outgoing) {
            channel.close();
        }
        subscription.close();
        lease.close();
    }
}
