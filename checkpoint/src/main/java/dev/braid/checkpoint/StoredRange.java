package dev.braid.checkpoint;

import java.util.List;

/**
 * Bytes in a file with the checksums of their chunks.
 *
 * @param file name of the file
 * @param what what they are, for messages
 * @param offset first byte in the file
 * @param bytes how many
 * @param checksums CRC32C of each {@link Checksums#CHUNK} bytes, the last one shorter
 */
record StoredRange(String file, String what, long offset, long bytes, List<Integer> checksums) {
    static StoredRange of(Coverage.Stored stored) {
        Slice slice = stored.slice();
        return new StoredRange(
                stored.file(), "tensor \"" + slice.tensor() + "\"", slice.offset(), slice.bytes(), slice.checksums());
    }

    static StoredRange of(String file, Attachment attachment) {
        return new StoredRange(
                file,
                "attachment \"" + attachment.name() + "\"",
                attachment.offset(),
                attachment.bytes(),
                attachment.checksums());
    }

    /** Bytes of the chunk that begins {@code at} bytes behind the start of the range. */
    long chunkBytes(long at) {
        return Math.min(Checksums.CHUNK, bytes - at);
    }
}
