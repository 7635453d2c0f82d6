package dev.braid.parallelism.transport;

/** Takes what a {@link Transport} delivers. */
public interface Receiver {
    /**
     * One whole frame: {@code bytes} at {@code address}, valid only during the call.
     *
     * @param channel names the incoming one-way channel; unique in its transport for the transport's life
     */
    void frame(long channel, long address, int bytes);

    /** The channel ended; nothing more comes by it. Its last frames have been delivered. */
    void closed(long channel, String reason);
}
