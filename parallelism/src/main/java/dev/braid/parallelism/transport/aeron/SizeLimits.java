package dev.braid.parallelism.transport.aeron;

/**
 * What {@link AeronSizes} are derived from.
 *
 * @param ranks in the world, at least 1
 * @param memoryLimit most bytes that the channels of one rank may hold when it has a channel to and from every other rank
 * @param linkMtu of the interface that datagrams leave by, in bytes, for instance 1500
 * @param receiveBufferLimit largest socket buffer that the system grants for receiving ({@code net.core.rmem_max})
 * @param sendBufferLimit the same for sending ({@code net.core.wmem_max})
 */
public record SizeLimits(int ranks, long memoryLimit, int linkMtu, int receiveBufferLimit, int sendBufferLimit) {
    public SizeLimits {
        if (ranks < 1) {
            throw new IllegalArgumentException("a world has at least 1 rank, not " + ranks);
        }
        if (linkMtu < 576) {
            throw new IllegalArgumentException("the interface's MTU is " + linkMtu
                    + " bytes, must be at least 576: choose another interface (parallel.bind)");
        }
    }
}
