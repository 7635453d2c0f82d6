package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.List;

/**
 * A range of a tensor's elements as it lies in a file.
 *
 * @param tensor global name of the tensor
 * @param dtype element type
 * @param shape extents of the whole tensor
 * @param from first element of the flattened tensor
 * @param to first element after the range
 * @param offset first byte in the file
 * @param checksums CRC32C of each {@link Checksums#CHUNK} bytes of the range, the last one shorter
 */
public record Slice(String tensor, DType dtype, Shape shape, long from, long to, long offset, List<Integer> checksums) {
    /** Bytes of the range. */
    public long bytes() {
        return (to - from) * dtype.bytes();
    }
}
