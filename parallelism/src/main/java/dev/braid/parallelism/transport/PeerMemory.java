package dev.braid.parallelism.transport;

/**
 * Memory of peers that this rank can read in place: all of it in one JVM, and between JVMs of a host what lies in a mapped file.
 * A range is passed on as a {@code location} (a number with a meaning to this class alone), never as an address.
 *
 * <p>Reading happens inside a lease, so that a peer in the same JVM cannot free the memory meanwhile. Thread-safe.
 */
public interface PeerMemory extends AutoCloseable {
    /** What {@link #locate} answers for memory that peers cannot read. */
    long NOT_SHARED = -1;

    /** This rank's part of {@link RankAddress#memory}: how peers open it. Empty when nothing can be shared. */
    String descriptor();

    /** True when this rank can read the shareable memory of {@code peer}. May open files; the answer does not change. */
    boolean reads(RankAddress peer);

    /** Where {@code bytes} at {@code address} of this rank lie, as {@code peer} finds them, or {@link #NOT_SHARED}. */
    long locate(RankAddress peer, long address, long bytes);

    /**
     * The address in this process of a range that {@code peer} has located for this rank.
     *
     * @throws IllegalArgumentException when the range is not inside the peer's shareable memory
     */
    long resolve(RankAddress peer, long location, long bytes);

    /**
     * Starts a stretch of reading the memory of {@code peer}. False when the peer has withdrawn it (failed or closed): nothing
     * may be read then. Stretches are short, some 100 us.
     */
    boolean enter(RankAddress peer);

    /** Ends the stretch. */
    void leave(RankAddress peer);

    /** Withdraws this rank's memory: returns when no peer in this JVM reads it any more, and none will. Idempotent. */
    void withdraw();

    @Override
    void close();
}
