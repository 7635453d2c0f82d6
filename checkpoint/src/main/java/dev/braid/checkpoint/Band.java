package dev.braid.checkpoint;

import dev.braid.tensor.Shape;

/**
 * Neighbouring columns of a tensor that is seen as a matrix [{@link Shape#rows}, {@link Shape#columns}]: the last extent
 * makes the columns, all others together the rows. A tensor of one dimension is one row, and a scalar is one row of one
 * column. Elements of a band are counted row by row within the band: element {@code i} is in row {@code i / columns} and in
 * column {@code first + i % columns}. The band of all columns counts as the flattened tensor does.
 *
 * @param first first column
 * @param columns number of columns; 0 for a band without elements
 */
public record Band(long first, long columns) {
    /** Throws {@link IllegalArgumentException} for a negative column or width. */
    public Band {
        if (first < 0 || columns < 0) {
            throw new IllegalArgumentException(
                    "a band of " + columns + " columns from column " + first + " on; both must be 0 or more");
        }
    }

    /** All columns of a tensor of {@code shape}. */
    public static Band all(Shape shape) {
        return new Band(0, shape.columns());
    }

    /** First column after the band. */
    public long end() {
        return first + columns;
    }

    /** Number of elements of the band in a tensor of {@code shape}. */
    public long count(Shape shape) {
        return shape.rows() * columns;
    }

    /** True when a tensor of {@code shape} has all columns of the band. */
    public boolean inside(Shape shape) {
        return columns <= shape.columns() - first;
    }

    /** True when the band has all columns of {@code shape}, so that its elements are those of the flattened tensor. */
    public boolean isAll(Shape shape) {
        return equals(all(shape));
    }

    @Override
    public String toString() {
        return "columns " + first + " until " + end();
    }
}
