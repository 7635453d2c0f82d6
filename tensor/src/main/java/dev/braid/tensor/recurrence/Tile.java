package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.MicroKernel;
import dev.braid.tensor.attention.Packing;

/**
 * A row-major f32 matrix in a workspace. Its columns are padded to whole panels, and there are rows enough for a product
 * that writes a multiple of {@link MicroKernel#ROWS} of them.
 *
 * @param address of the first element
 * @param columns floats of a row
 */
record Tile(long address, int columns) {
    /** Bytes from one row to the next. */
    long rowBytes() {
        return 4L * columns;
    }

    /** Address of a row. */
    long row(int row) {
        return address + row * rowBytes();
    }

    /** The rows from {@code row} on. */
    Tile from(int row) {
        return new Tile(row(row), columns);
    }

    /** {@code this [rows, other's columns] = left [rows, depth] right}. */
    void product(Tile left, Tile right, int depth, int rows, long zeros) {
        MicroKernel.multiply(
                left.address,
                left.rowBytes(),
                4,
                right.address,
                right.rowBytes(),
                depth,
                zeros,
                address,
                rowBytes(),
                whole(rows),
                columns);
    }

    /** {@code this += left [rows, depth] right}. */
    void addProduct(Tile left, Tile right, int depth, int rows) {
        MicroKernel.add(
                left.address,
                left.rowBytes(),
                4,
                right.address,
                right.rowBytes(),
                depth,
                address,
                rowBytes(),
                whole(rows),
                columns);
    }

    /** {@code this += left^T right}, where {@code left} is {@code [depth, rows]}. */
    void addTransposedProduct(Tile left, Tile right, int depth, int rows) {
        MicroKernel.add(
                left.address,
                4,
                left.rowBytes(),
                right.address,
                right.rowBytes(),
                depth,
                address,
                rowBytes(),
                whole(rows),
                columns);
    }

    /** {@code this [size, rows] = source [rows, size]^T}, where this has {@code rows} columns. */
    void transposeOf(Tile source, int size) {
        Packing.transpose(source.address, size, columns, address);
    }

    /** {@code rows} rounded up to whole register blocks. */
    static int whole(int rows) {
        return (rows + MicroKernel.ROWS - 1) / MicroKernel.ROWS * MicroKernel.ROWS;
    }
}
