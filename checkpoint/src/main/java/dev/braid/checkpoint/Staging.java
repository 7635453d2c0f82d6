package dev.braid.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A bounded off-heap buffer between tensors and files, so that no file is ever in memory as a whole. For one thread
 * at a time; {@link #close} frees it.
 */
public final class Staging implements AutoCloseable {
    /** The most bytes that one buffer takes: enough to keep a disk busy, small against a model. */
    public static final int MOST_BYTES = 4 << 20;

    // Shared, so that a writer may be handed from one thread to another.
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    /** A buffer for {@code bytes} bytes, but at most {@link #MOST_BYTES} and at least 8. */
    public Staging(long bytes) {
        segment = arena.allocate(Math.clamp(bytes, 8, MOST_BYTES), 64);
    }

    /** Size in bytes. */
    public int bytes() {
        return (int) segment.byteSize();
    }

    /** All of the buffer as memory. */
    public MemorySegment segment() {
        return segment;
    }

    /** The first {@code bytes} bytes, ready to be written to a file or read into. */
    public ByteBuffer first(long bytes) {
        return segment.asSlice(0, bytes).asByteBuffer();
    }

    @Override
    public void close() {
        arena.close();
    }
}
