package dev.braid.parallelism.transport.aeron;

import java.util.Locale;

/**
 * Sizes of channels, in bytes. A log buffer is three terms and a page of metadata. Over ipc, sender and receiver share one, and
 * it is counted at the sender; over udp each side has its own.
 *
 * <p>A stream ends after 2^31 terms: with 4 MiB after 8 PiB, with 512 KiB (udp, 64 ranks) after 1 PiB on one channel,
 * which is 13 days of 1 GB/s between one pair of ranks.
 *
 * @param ranks in the world
 * @param ipcTerm term length of ipc channels, a power of two
 * @param ipcMtu largest ipc frame with Aeron's header
 * @param udpTerm term length of udp channels, a power of two
 * @param udpMtu largest datagram payload
 * @param window how much a udp sender may be ahead of its receiver
 * @param receiveBuffer of the one socket by which a rank receives
 * @param sendBuffer of the socket of each udp channel
 */
public record AeronSizes(
        int ranks, int ipcTerm, int ipcMtu, int udpTerm, int udpMtu, int window, int receiveBuffer, int sendBuffer) {
    /** Aeron's header of a frame. */
    static final int HEADER = 32;

    /** Larger ones were not faster in any measurement: the three terms are written in turn, and should stay in a cache. */
    private static final int MOST_IPC_TERM = 4 << 20;

    private static final int MOST_UDP_TERM = 4 << 20;
    private static final int LEAST_TERM = 64 << 10;
    private static final int MOST_MTU = 65504;
    private static final int JUMBO_MTU = 8192;
    private static final int MOST_BUFFER = 4 << 20;
    private static final int LEAST_BUFFER = 128 << 10;
    private static final int MOST_WINDOW = 2 << 20;
    private static final int META = 4096;
    /** Addresses of IP version 6 (40), UDP (8) and room for a tunnel, as Aeron's own 1408 of 1500 leaves. */
    private static final int PACKET_HEADERS = 92;

    /**
     * The largest sizes with which a rank stays under its limit.
     *
     * @throws IllegalArgumentException when not even the smallest fit; it says which limit to raise
     */
    public static AeronSizes of(SizeLimits limits) {
        long peers = Math.max(1, limits.ranks() - 1);
        int receiveBuffer = buffer(limits.receiveBufferLimit(), "receive", "net.core.rmem_max");
        int ipcTerm = term(MOST_IPC_TERM, limits.memoryLimit() / peers);
        int mtu = udpMtu(limits.linkMtu());
        int sendBuffer = Math.max(LEAST_BUFFER, Math.min(1 << 20, floorPowerOfTwo(limits.memoryLimit() / 16 / peers)));
        sendBuffer = Math.min(sendBuffer, buffer(limits.sendBufferLimit(), "send", "net.core.wmem_max"));
        int udpTerm = term(MOST_UDP_TERM, ((limits.memoryLimit() - receiveBuffer) / peers - sendBuffer) / 2);
        if (ipcTerm < LEAST_TERM || udpTerm < LEAST_TERM) {
            long least = peers * (2L * log(LEAST_TERM) + sendBuffer) + receiveBuffer;
            throw new IllegalArgumentException("channels between " + limits.ranks() + " ranks need at least " + least
                    + " bytes a rank, but the limit is " + limits.memoryLimit() + ": raise memoryLimit to " + least
                    + " or more, use fewer ranks, or take transport tcp");
        }
        // A frame may take an eighth of a term, so that little is lost where a frame does not fit at its end.
        int udpMtu = Math.min(mtu, floorFrame(udpTerm / 8));
        // Several senders share the socket's buffer; beyond four at once, Aeron's retransmission takes over.
        int window = Math.min(Math.min(udpTerm / 2, MOST_WINDOW), receiveBuffer / (int) Math.min(peers, 4));
        window = Math.max(window, Math.min(LEAST_BUFFER, udpTerm / 2));
        return new AeronSizes(
                limits.ranks(),
                ipcTerm,
                Math.min(MOST_MTU, floorFrame(ipcTerm / 8)),
                udpTerm,
                Math.min(udpMtu, floorFrame(window)),
                window,
                receiveBuffer,
                sendBuffer);
    }

    /** Bytes of one log buffer with this term length. */
    static long log(int term) {
        return 3L * term + META;
    }

    /** Bytes of an ipc channel to a peer; the channel from it is counted there. */
    public long ipcPeerBytes() {
        return log(ipcTerm);
    }

    /** Bytes of udp channels to and from a peer. */
    public long udpPeerBytes() {
        return 2 * log(udpTerm) + sendBuffer;
    }

    /** Bytes of a rank that has ipc channels with all others. */
    public long ipcBytes() {
        return (ranks - 1) * ipcPeerBytes();
    }

    /** Bytes of a rank that has udp channels with all others. */
    public long udpBytes() {
        return (ranks - 1) * udpPeerBytes() + receiveBuffer;
    }

    /** Bytes that a media driver of a world of {@code ranks} takes in its folder before the first channel. */
    public static long driverBytes(int ranks) {
        return HostedDriver.ownBytes(ranks);
    }

    /** The largest term that a host with other socket buffers than this one would choose in the same world. */
    int mostUdpTerm() {
        return Math.min(MOST_UDP_TERM, 2 * udpTerm);
    }

    /** One line for a person. */
    public String describe() {
        return String.format(
                Locale.ROOT,
                "ipc: term %d KiB, mtu %d, %.1f MiB a rank; udp: term %d KiB, mtu %d, window %d KiB, receive buffer %d KiB, "
                        + "send buffer %d KiB, %.1f MiB a rank",
                ipcTerm >> 10,
                ipcMtu,
                ipcBytes() / 1048576.0,
                udpTerm >> 10,
                udpMtu,
                window >> 10,
                receiveBuffer >> 10,
                sendBuffer >> 10,
                udpBytes() / 1048576.0);
    }

    private static int udpMtu(int linkMtu) {
        if (linkMtu > MOST_MTU) {
            // Only a loopback is as wide as this; nothing tunnels there.
            return MOST_MTU;
        }
        return Math.min(JUMBO_MTU, floorFrame(linkMtu - PACKET_HEADERS));
    }

    private static int buffer(int limit, String direction, String key) {
        if (limit < LEAST_BUFFER) {
            throw new IllegalArgumentException("the system grants " + direction + " buffers of at most " + limit
                    + " bytes, " + LEAST_BUFFER + " are needed: sysctl -w " + key + "=" + MOST_BUFFER);
        }
        return Math.min(limit, MOST_BUFFER);
    }

    /** The largest term, up to {@code most}, of which a log fits into {@code budget} bytes. */
    private static int term(int most, long budget) {
        int term = most;
        while (term >= LEAST_TERM && log(term) > budget) {
            term /= 2;
        }
        return term;
    }

    private static int floorFrame(int bytes) {
        return bytes / HEADER * HEADER;
    }

    private static int floorPowerOfTwo(long value) {
        return value < 1 ? 1 : (int) Math.min(1 << 30, Long.highestOneBit(value));
    }
}
