package dev.braid.checkpoint;

import java.util.HashMap;
import java.util.Map;

/**
 * One verified chunk for each band of a tensor that is read in ascending order: a row of the tensor lies in all of its
 * bands, and the next row in the same chunks. For one thread at a time.
 */
final class BandChunks implements AutoCloseable {
    private final String tensor;
    private final Map<Band, VerifiedChunk> chunks = new HashMap<>();

    BandChunks(String tensor) {
        this.tensor = tensor;
    }

    String tensor() {
        return tensor;
    }

    /** The chunk that was read last out of {@code band}. */
    VerifiedChunk of(Band band) {
        return chunks.computeIfAbsent(band, missing -> new VerifiedChunk());
    }

    @Override
    public void close() {
        chunks.values().forEach(VerifiedChunk::close);
        chunks.clear();
    }
}
