package dev.braid.parallelism.preflight;

import java.net.InetAddress;

/**
 * An address of this host.
 *
 * @param interfaceName for instance {@code eth0}
 * @param address of the interface
 * @param mtu of the interface in bytes
 * @param up whether the interface works
 * @param loopback whether only this host reaches it
 */
public record NetworkCandidate(String interfaceName, InetAddress address, int mtu, boolean up, boolean loopback) {
    @Override
    public String toString() {
        return interfaceName + " " + address.getHostAddress() + " (mtu " + mtu + (up ? "" : ", down")
                + (loopback ? ", loopback" : "") + ")";
    }
}
