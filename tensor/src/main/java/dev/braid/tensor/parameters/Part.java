package dev.braid.tensor.parameters;

import dev.braid.tensor.Shape;

/**
 * What one rank of the tensor axis, or of the expert axis, holds of a parameter, seen as a matrix whose columns are its last extent: a band of columns,
 * and in the band's row-major order the elements from {@code from} on.
 *
 * @param firstColumn of the band
 * @param columns of the band
 * @param from first element in the band's row-major order
 * @param shape extents of the part
 * @param copies how many ranks hold this very part
 * @param copy which of them this is; copy 0 answers for it
 */
public record Part(long firstColumn, long columns, long from, Shape shape, int copies, int copy) {}
