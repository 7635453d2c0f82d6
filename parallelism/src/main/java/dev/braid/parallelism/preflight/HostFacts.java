package dev.braid.parallelism.preflight;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a host is like, as far as communication is concerned.
 *
 * @param folders where the media driver's folder may go, the best first
 * @param candidates addresses of this host
 * @param defaultRoute interface of the default route; empty text when there is none
 * @param nameAddress address that the host's name stands for
 * @param receiveBufferLimit {@code net.core.rmem_max} in bytes; empty where the system has no such key
 * @param sendBufferLimit {@code net.core.wmem_max} in bytes
 * @param openFiles files that the process has open
 * @param openFileLimit files that it may have open
 * @param clockBackwards whether the monotonic clock was seen to go backwards
 * @param clockStepNanos smallest step of the monotonic clock that was seen
 * @param wallClock time of day
 */
public record HostFacts(
        List<Folder> folders,
        List<NetworkCandidate> candidates,
        String defaultRoute,
        Optional<String> nameAddress,
        OptionalLong receiveBufferLimit,
        OptionalLong sendBufferLimit,
        OptionalLong openFiles,
        OptionalLong openFileLimit,
        boolean clockBackwards,
        long clockStepNanos,
        Instant wallClock) {
    public HostFacts {
        folders = List.copyOf(folders);
        candidates = List.copyOf(candidates);
    }

    /**
     * A folder and its room.
     *
     * @param path of the folder
     * @param writable whether it is there and can be written
     * @param totalBytes of its file system
     * @param freeBytes that this user can still write
     */
    public record Folder(Path path, boolean writable, long totalBytes, long freeBytes) {}

    /** The limit of a receive buffer, assumed to be Linux's usual one where it is not known. */
    public int receiveBufferOrUsual() {
        return (int) Math.min(Integer.MAX_VALUE, receiveBufferLimit.orElse(USUAL_BUFFER_LIMIT));
    }

    /** The limit of a send buffer, assumed to be Linux's usual one where it is not known. */
    public int sendBufferOrUsual() {
        return (int) Math.min(Integer.MAX_VALUE, sendBufferLimit.orElse(USUAL_BUFFER_LIMIT));
    }

    private static final long USUAL_BUFFER_LIMIT = 212992;
}
