package dev.braid.checkpoint;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C per chunk of a range, so that a part can be read and verified without the rest. */
final class Checksums {
    /**
     * Bytes that one checksum covers. Part of the file format; equal to the staging buffer so that one read is one
     * check.
     */
    static final int CHUNK = Staging.MOST_BYTES;

    private Checksums() {}

    /** The CRC32C of what remains in {@code bytes}, whose position stays. */
    static int of(ByteBuffer bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate());
        return (int) checksum.getValue();
    }

    /** Number of checksums of a range. */
    static long count(long bytes) {
        return (bytes + CHUNK - 1) / CHUNK;
    }

    /** Eight hexadecimal digits. */
    static String hex(int checksum) {
        return "%08x".formatted(checksum);
    }
}
