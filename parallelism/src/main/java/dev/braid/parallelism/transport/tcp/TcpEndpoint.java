package dev.braid.parallelism.transport.tcp;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Addresses and ports as text: {@code 10.0.0.7:40123} or {@code [fd00::7]:40123}. Reading one never asks a name server. */
final class TcpEndpoint {
    private TcpEndpoint() {}

    /** The text of an address. */
    static String format(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /**
     * The address that a text is.
     *
     * @throws IllegalArgumentException when it is none; the message says what is wrong
     */
    static InetSocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = text.substring(0, Math.max(0, colon));
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (port < 1) {
                throw new IllegalArgumentException("port " + port + " is not one of 1 to 65535");
            }
            InetAddress address = InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host);
            return new InetSocketAddress(address, port);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not an endpoint such as 10.0.0.7:40123 or [fd00::7]:40123: " + e.getMessage(),
                    e);
        }
    }

    /**
     * The address itself, when peers can dial it.
     *
     * @throws IllegalArgumentException when it names no single interface, or one that means nothing on another host
     */
    static InetAddress dialable(InetAddress address) {
        if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
            throw new IllegalArgumentException("tcp: cannot bind to " + address.getHostAddress()
                    + ": peers must be told the address of one interface");
        }
        if (address instanceof Inet6Address && address.isLinkLocalAddress()) {
            throw new IllegalArgumentException("tcp: cannot bind to " + address.getHostAddress()
                    + ": a link-local address has no meaning on other hosts; name a global one or an IPv4 address");
        }
        return address;
    }
}
