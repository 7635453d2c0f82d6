package dev.braid.parallelism.transport;

/** A one-way channel to one peer. Used by one thread at a time. */
public interface Outgoing extends AutoCloseable {
    /** The largest frame in bytes, header included. Constant, at least 1024. */
    int maxFrame();

    /**
     * Sends one frame: {@code headerBytes} at {@code header} followed by {@code payloadBytes} at {@code payload}. The bytes
     * have been taken when this returns {@link SendResult#SENT}: the caller may change them at once. Never blocks.
     */
    SendResult send(long header, int headerBytes, long payload, int payloadBytes);

    /** Why the channel is {@link SendResult#BROKEN}, for a person; empty while it is not. */
    String fault();

    /** True once the peer's process is known to have ended, and not only its channel. */
    default boolean peerEnded() {
        return false;
    }

    /** Closes this direction. Idempotent. */
    @Override
    void close();
}
