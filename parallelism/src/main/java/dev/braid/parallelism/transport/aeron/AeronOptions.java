package dev.braid.parallelism.transport.aeron;

import dev.braid.parallelism.CommunicationSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What the Aeron transports of a rank need to know. Equal in all ranks of a host and attempt.
 *
 * @param runId the run
 * @param attempt the attempt
 * @param host name of this machine, for messages
 * @param sizes of channels
 * @param timeouts of driver and clients
 * @param bases folders in which the driver's folder may be made, the best first
 */
public record AeronOptions(
        String runId, int attempt, String host, AeronSizes sizes, DriverTimeouts timeouts, List<Path> bases) {
    public AeronOptions {
        bases = List.copyOf(bases);
        if (bases.isEmpty()) {
            throw new IllegalArgumentException("there must be a folder for the media driver");
        }
    }

    /** With the folders of this system: memory ({@code /dev/shm}), else {@code java.io.tmpdir}. */
    public static AeronOptions of(CommunicationSettings settings, String host, AeronSizes sizes) {
        return new AeronOptions(
                settings.runId(),
                settings.attempt(),
                host,
                sizes,
                DriverTimeouts.of(settings.deadline()),
                List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir"))));
    }

    /** What the names of all driver folders of this user begin with. */
    static String prefix() {
        return "braid-" + System.getProperty("user.name").replaceAll("[^A-Za-z0-9_.]", "_") + "-";
    }

    /**
     * Name of the folder of this run and attempt. Processes in different network namespaces may see the same folders, but cannot
     * use each other's sockets, so each namespace has its own driver.
     */
    String folderName() {
        return prefix() + hash(runId + namespace("net") + namespace("pid")) + "-" + attempt;
    }

    /** Linux's name of a namespace of this process; empty elsewhere. */
    private static String namespace(String kind) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns", kind)).toString();
        } catch (IOException | UnsupportedOperationException notLinux) {
            return "";
        }
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
