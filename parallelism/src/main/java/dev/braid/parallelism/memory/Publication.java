package dev.braid.parallelism.memory;

import dev.braid.tensor.Memory;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A rank's memory as other ranks of this JVM see it: found by its token, until it is withdrawn.
 *
 * @param runKey of the run and attempt: others get no access
 * @param rank the owner
 * @param memory what may be read
 * @param readers who reads it
 */
record Publication(String runKey, int rank, Memory memory, Readers readers) {
    /** The one thing that the ranks of a JVM have in common. An entry lives as long as its rank's side of the attempt. */
    private static final ConcurrentHashMap<String, Publication> BY_TOKEN = new ConcurrentHashMap<>();

    void publish(String token) {
        BY_TOKEN.put(token, this);
    }

    static Optional<Publication> find(String token) {
        return Optional.ofNullable(BY_TOKEN.get(token));
    }

    static void remove(String token) {
        BY_TOKEN.remove(token);
    }
}
