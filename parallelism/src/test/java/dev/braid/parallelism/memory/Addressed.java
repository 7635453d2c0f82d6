package dev.braid.parallelism.memory;

import dev.braid.parallelism.transport.RankAddress;
import java.util.Map;

/** Addresses of ranks for tests of memory alone. */
final class Addressed {
    private Addressed() {}

    /** A rank of this JVM. */
    static RankAddress here(int rank, String memory) {
        return of(rank, ThisProcess.hostId(), ThisProcess.processKey(), memory);
    }

    /** A rank that says it lives in another JVM of this host. */
    static RankAddress elsewhere(int rank, String memory) {
        return of(rank, ThisProcess.hostId(), "another JVM", memory);
    }

    static RankAddress of(int rank, String hostId, String processKey, String memory) {
        return new RankAddress(rank, "localhost", hostId, ThisProcess.processId(), processKey, Map.of(), memory);
    }
}
