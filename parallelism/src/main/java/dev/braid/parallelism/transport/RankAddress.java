package dev.braid.parallelism.transport;

import java.util.Map;
import java.util.Objects;

/**
 * What a rank tells all others before the first frame. A value, exchanged once over a channel that the cluster manager
 * secures (Spark's {@code allGather}); it holds no secret.
 *
 * @param rank the rank in the world, from 0
 * @param host name or address of the machine, for messages
 * @param hostId equal for two ranks exactly when they share a kernel and a process namespace: they can then open each other's
 *     memory and the same media driver
 * @param processId the operating system's id of the process
 * @param processKey unique to the JVM: equal for two ranks exactly when they live in one JVM
 * @param endpoints where each transport of the rank is dialled, by {@link Transport#name}
 * @param memory where peers of the host find the rank's shareable memory, empty when there is none
 */
public record RankAddress(
        int rank,
        String host,
        String hostId,
        long processId,
        String processKey,
        Map<String, String> endpoints,
        String memory) {
    public RankAddress {
        if (rank < 0) {
            throw new IllegalArgumentException("rank " + rank + " is negative");
        }
        Objects.requireNonNull(host);
        Objects.requireNonNull(hostId);
        Objects.requireNonNull(processKey);
        Objects.requireNonNull(memory);
        endpoints = Map.copyOf(endpoints);
    }

    /** True when both live in one JVM. */
    public boolean sameProcess(RankAddress other) {
        return processKey.equals(other.processKey);
    }

    /** True when both live on one host, in one process namespace. */
    public boolean sameHost(RankAddress other) {
        return hostId.equals(other.hostId);
    }

    @Override
    public String toString() {
        return "rank " + rank + " (process " + processId + " on " + host + ")";
    }
}
