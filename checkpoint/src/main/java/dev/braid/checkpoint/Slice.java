package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.List;

/**
 * A part of a tensor as it lies in a file: elements {@code from} until {@code to} of a band of columns. With the band of
 * all columns it is a range of the flattened tensor.
 *
 * @param tensor global name of the tensor
 * @param dtype element type
 * @param shape extents of the whole tensor
 * @param band columns that the slice is of
 * @param from first element, counted within the band
 * @param to first element after the slice
 * @param offset first byte in the file
 * @param checksums CRC32C of each {@link Checksums#CHUNK} bytes of the slice, the last one shorter
 */
public record Slice(
        String tensor, DType dtype, Shape shape, Band band, long from, long to, long offset, List<Integer> checksums) {
    /** Bytes of the slice. */
    public long bytes() {
        return (to - from) * dtype.bytes();
    }

    /** The elements, without where they lie. */
    Part part() {
        return new Part(band, from, to);
    }
}
