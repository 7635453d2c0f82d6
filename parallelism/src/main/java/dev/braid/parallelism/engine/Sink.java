package dev.braid.parallelism.engine;

/** Takes the pieces of a transfer, each once, in any order. */
interface Sink {
    /** Bytes that are valid only during the call. */
    void piece(long offset, long address, int bytes);

    /** Bytes of the peer that stay where they are until {@link Inbound#consumed} has been told of them. */
    void reference(long offset, long address, long bytes);
}
