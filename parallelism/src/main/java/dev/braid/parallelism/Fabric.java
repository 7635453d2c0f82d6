package dev.braid.parallelism;

import dev.braid.tensor.trace.Recorder;
import java.util.List;
import java.util.Optional;

/**
 * A rank's membership in one attempt: its links, its heartbeats, its process groups. One failure of any rank ends all operations
 * of all ranks within the deadline. Thread-safe.
 */
public interface Fabric extends AutoCloseable {
    /** This rank in the world. */
    int rank();

    /** Number of ranks in the world. */
    int ranks();

    /** The group of all ranks. */
    Communicator world();

    /**
     * A process group. Every member must create it, with the same name and the same order of ranks; nothing is sent. Names tell
     * groups of the same ranks apart.
     *
     * @param ranks world ranks in group order, this rank among them
     */
    Communicator group(String name, List<Integer> ranks);

    /** What collectives have moved so far. */
    Traffic traffic();

    /** The part of {@link Traffic#bytes} that went to {@code rank} of the world. */
    long bytesTo(int rank);

    /** Bytes that channels and staging hold now. */
    long bufferBytes();

    /** Tells {@code listener} of every collective that this rank starts from now on; {@link Recorder#NONE} ends that. */
    void record(Recorder listener);

    /** Why the attempt failed; empty while it is well. */
    Optional<CommunicationException> failure();

    /** Fails the attempt on all ranks, for instance when this rank's task was cancelled. */
    void abort(String reason);

    /** Links with their transports, buffers, traffic and refusals, for a person. */
    String describe();

    /**
     * Leaves: when the attempt is well, waits (within the deadline) until the peers leave too, so that nobody's last bytes are
     * lost; then frees every thread, file and socket. Idempotent.
     */
    @Override
    void close();
}
