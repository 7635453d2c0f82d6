package dev.braid.tensor;

import java.io.IOException;
import java.util.Optional;

/** Where a {@link Memory} takes its blocks from. Called under its lock, but for {@link #contains}. */
interface Backing {
    /** Memory for a block of {@code size} bytes, aligned as a block of that size should be. */
    long reserve(long size) throws IOException;

    /** True when {@code bytes} at {@code address} lie in one piece of memory that came from here. From any thread. */
    boolean contains(long address, long bytes);

    /** The file that other processes can map. */
    Optional<SharedFile> sharedFile();

    /** Gives everything back to the system. */
    void close();
}
