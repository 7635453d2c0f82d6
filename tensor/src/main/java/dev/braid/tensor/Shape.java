package dev.braid.tensor;

import java.util.Arrays;

/** Extents of a row-major tensor, outermost first. Immutable. */
public final class Shape {
    private final long[] extents;
    private final long count;

    private Shape(long[] extents) {
        this.extents = extents;
        long product = 1;
        for (long extent : extents) {
            if (extent < 0) {
                throw new IllegalArgumentException("negative extent in shape " + Arrays.toString(extents));
            }
            product = Math.multiplyExact(product, extent);
        }
        this.count = product;
    }

    /** A shape of the given extents; none at all is a scalar. */
    public static Shape of(long... extents) {
        return new Shape(extents.clone());
    }

    /** Number of dimensions. */
    public int rank() {
        return extents.length;
    }

    /** Extent of dimension {@code index}; a negative index counts from the end. */
    public long extent(int index) {
        return extents[index < 0 ? extents.length + index : index];
    }

    /** Extent of the last dimension (1 for a scalar). */
    public long columns() {
        return extents.length == 0 ? 1 : extents[extents.length - 1];
    }

    /** Product of all extents but the last. */
    public long rows() {
        long columns = columns();
        return columns == 0 ? 0 : count / columns;
    }

    /** Number of elements. */
    public long count() {
        return count;
    }

    /** The extents as a new array. */
    public long[] toArray() {
        return extents.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(extents);
    }

    @Override
    public String toString() {
        return Arrays.toString(extents);
    }
}
