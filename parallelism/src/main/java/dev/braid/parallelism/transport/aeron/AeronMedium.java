package dev.braid.parallelism.transport.aeron;

import io.aeron.ChannelUriStringBuilder;
import io.aeron.CommonContext;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;

/** What differs between the two media: sizes, and the texts that Aeron calls channels. */
enum AeronMedium {
    /** Memory that the processes of a host share. */
    IPC {
        @Override
        String transportName() {
            return AeronTransport.IPC;
        }

        @Override
        int term(AeronSizes sizes) {
            return sizes.ipcTerm();
        }

        @Override
        int mtu(AeronSizes sizes) {
            return sizes.ipcMtu();
        }

        @Override
        String listen(AeronSizes sizes, Optional<InetAddress> bind) {
            return CommonContext.IPC_CHANNEL;
        }

        @Override
        String place(AeronSubscription subscription, Path driver) {
            return driver.toString();
        }

        @Override
        String dial(AeronSizes sizes, String place) {
            return new ChannelUriStringBuilder()
                    .media(CommonContext.IPC_MEDIA)
                    .termLength(sizes.ipcTerm())
                    .mtu(sizes.ipcMtu())
                    .sparse(false)
                    .build();
        }
    },
    /** Datagrams. */
    UDP {
        @Override
        String transportName() {
            return AeronTransport.UDP;
        }

        @Override
        int term(AeronSizes sizes) {
            return sizes.udpTerm();
        }

        @Override
        int mtu(AeronSizes sizes) {
            return sizes.udpMtu();
        }

        @Override
        String listen(AeronSizes sizes, Optional<InetAddress> bind) {
            return new ChannelUriStringBuilder()
                    .media(CommonContext.UDP_MEDIA)
                    .endpoint(host(bind.orElseThrow()) + ":0")
                    .receiverWindowLength(sizes.window())
                    .socketRcvbufLength(sizes.receiveBuffer())
                    .sparse(false)
                    .build();
        }

        @Override
        String place(AeronSubscription subscription, Path driver) {
            return subscription.endpoint();
        }

        @Override
        String dial(AeronSizes sizes, String place) {
            return new ChannelUriStringBuilder()
                    .media(CommonContext.UDP_MEDIA)
                    .endpoint(place)
                    .termLength(sizes.udpTerm())
                    .mtu(sizes.udpMtu())
                    .socketSndbufLength(sizes.sendBuffer())
                    .sparse(false)
                    .build();
        }
    };

    abstract String transportName();

    abstract int term(AeronSizes sizes);

    abstract int mtu(AeronSizes sizes);

    /** The channel on which a rank listens. */
    abstract String listen(AeronSizes sizes, Optional<InetAddress> bind);

    /** Where others find the rank that listens. */
    abstract String place(AeronSubscription subscription, Path driver);

    /** The channel to a rank that listens at {@code place}. */
    abstract String dial(AeronSizes sizes, String place);

    private static String host(InetAddress address) {
        return address instanceof Inet6Address ? "[" + address.getHostAddress() + "]" : address.getHostAddress();
    }
}
