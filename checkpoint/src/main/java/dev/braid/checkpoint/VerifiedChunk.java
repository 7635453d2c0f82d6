package dev.braid.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * The chunk that was read and verified last, so that what is asked for piece by piece in ascending order is read from the
 * file once. For one thread at a time; {@link #close} frees its buffer.
 */
final class VerifiedChunk implements AutoCloseable {
    private Staging staging = new Staging(0);
    private StoredRange range;
    private long start;

    /**
     * The chunk that begins {@code at} bytes behind the start of {@code wanted}, valid until the next call. Throws
     * {@link InvalidFileException} when its checksum is wrong.
     */
    MemorySegment get(SliceFiles files, StoredRange wanted, long at) throws IOException {
        long bytes = wanted.chunkBytes(at);
        if (!wanted.equals(range) || start != at) {
            // Until it is verified there is nothing here that may be used.
            range = null;
            if (staging.bytes() < bytes) {
                staging.close();
                staging = new Staging(Math.min(Checksums.CHUNK, wanted.bytes()));
            }
            files.read(wanted.file(), wanted.offset() + at, staging.first(bytes));
            verify(wanted, at, staging.first(bytes));
            range = wanted;
            start = at;
        }
        return staging.segment().asSlice(0, bytes);
    }

    private static void verify(StoredRange wanted, long at, ByteBuffer chunk) throws InvalidFileException {
        int found = Checksums.of(chunk);
        int expected = wanted.checksums().get((int) (at / Checksums.CHUNK));
        if (found != expected) {
            long first = wanted.offset() + at;
            throw new InvalidFileException("in its file " + wanted.file() + ", " + wanted.what() + ", bytes " + first
                    + " until " + (first + chunk.remaining()) + " have CRC32C " + Checksums.hex(found) + " instead of "
                    + Checksums.hex(expected));
        }
    }

    @Override
    public void close() {
        staging.close();
    }
}
