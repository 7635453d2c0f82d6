package dev.braid.checkpoint;

import dev.braid.tensor.Shape;

/**
 * A part of a tensor: elements of a band.
 *
 * @param band columns of the tensor
 * @param from first element, counted within the band
 * @param to first element after the part
 */
record Part(Band band, long from, long to) {
    /** True when a tensor of {@code shape} has the part. */
    boolean inside(Shape shape) {
        return band.inside(shape) && from >= 0 && from <= to && to <= band.count(shape);
    }

    /** Such as "elements 3 until 5", and the band behind it unless it is the whole width of {@code shape}. */
    String describe(Shape shape) {
        return "elements " + from + " until " + to + (band.isAll(shape) ? "" : " of " + band);
    }
}
