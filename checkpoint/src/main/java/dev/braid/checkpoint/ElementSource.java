package dev.braid.checkpoint;

import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Elements of one tensor, given out in ranges, so that a tensor need not be in memory as a whole while it is written.
 */
@FunctionalInterface
public interface ElementSource {
    /**
     * Copies elements {@code from} until {@code from + count} of the flattened tensor to the start of {@code target},
     * raw and little-endian. Ranges are asked for in ascending order without gaps.
     */
    void read(long from, long count, MemorySegment target) throws IOException;

    /** The elements of {@code tensor} in its own dtype. The tensor must live until the last read. */
    static ElementSource of(Tensor tensor) {
        return tensor::copyTo;
    }
}
