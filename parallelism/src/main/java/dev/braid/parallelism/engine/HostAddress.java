package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;

/** The address by which peers reach this host. */
final class HostAddress {
    private HostAddress() {}

    static InetAddress of(CommunicationSettings settings) {
        try {
            if (settings.bind().isPresent()) {
                String bind = settings.bind().get();
                NetworkInterface named = NetworkInterface.getByName(bind);
                return named == null
                        ? InetAddress.getByName(bind)
                        : Collections.list(named.getInetAddresses()).getFirst();
            }
            return settings.reach() == Reach.NETWORK ? InetAddress.getLocalHost() : InetAddress.getLoopbackAddress();
        } catch (IOException unknown) {
            throw new IllegalStateException("no address for this host: " + unknown.getMessage(), unknown);
        }
    }

    static int mtu(InetAddress address) {
        try {
            NetworkInterface network = NetworkInterface.getByInetAddress(address);
            return network == null ? 1500 : Math.max(576, network.getMTU());
        } catch (IOException unknown) {
            return 1500;
        }
    }

    static int limit(String name) {
        // In one read: the kernel answers a second read of a key with the end of the file.
        try (InputStream key = Files.newInputStream(Path.of("/proc/sys/net/core", name))) {
            return Integer.parseInt(new String(key.readNBytes(64), StandardCharsets.US_ASCII).strip());
        } catch (IOException unknown) {
            return 212_992;
        }
    }
}
