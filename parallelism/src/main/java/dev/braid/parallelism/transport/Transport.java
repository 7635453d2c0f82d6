package dev.braid.parallelism.transport;

import java.util.Optional;

/**
 * Carries frames from and to one rank. A transport knows nothing of groups, handshakes or deadlines: whatever arrives is handed
 * up with the channel it came by, strangers' frames included.
 *
 * <p>Channels are one-way. What this rank sends to a peer goes over the {@link Outgoing} that it dialled; what the peer sends
 * comes in on a channel that the peer dialled. Frames of one channel arrive complete, and (but for the simulated transport) in
 * order, at most once. A frame is lost only together with its channel.
 *
 * <p>All methods are called by one thread at a time, the holder of the engine's lock, and none may block: no waiting for a peer,
 * a driver or a socket.
 */
public interface Transport extends AutoCloseable {
    /** {@code shared}, {@code ipc}, {@code udp}, {@code tcp} or {@code simulated}: the key of its endpoint in {@link RankAddress}. */
    String name();

    /** Where peers dial this rank, in a text of the transport's own. Known from the start and constant. */
    String endpoint();

    /** True when a rank with this address can be dialled. */
    boolean reaches(RankAddress peer);

    /**
     * True when bytes cannot change on their way (memory of this host), so that the checksum of a frame needs to cover its
     * header only.
     */
    boolean intact();

    /** True when a frame may arrive more than once. Only a transport that simulates a bad network does that. */
    default boolean repeats() {
        return false;
    }

    /** Starts to open a channel to {@code peer}. Until it stands, {@link Outgoing#send} answers {@link SendResult#BUSY}. */
    Outgoing dial(RankAddress peer);

    /**
     * Hands up to about {@code limit} frames that have arrived to {@code receiver}, and does what else the transport has to do
     * (accept, connect, flush). Fair between channels.
     *
     * @return how much was done; 0 when there was nothing to do
     */
    int poll(Receiver receiver, int limit);

    /** Why nothing works any more on this side; empty while it does. */
    default Optional<TransportFault> fault() {
        return Optional.empty();
    }

    /** Drops an incoming channel whose sender misbehaves; nothing more arrives by it. Unknown channels are ignored. */
    void refuse(long channel);

    /** Bytes that the channels of this rank hold now, both ways: log buffers, socket buffers, queues. */
    long bufferBytes();

    /** State for a person: channels, sizes, what was dropped and why. */
    String describe();

    /**
     * Closes all channels and frees threads, files and sockets. Frames that {@link Outgoing#send} took but which have not
     * travelled yet may be lost. Idempotent.
     */
    @Override
    void close();
}
