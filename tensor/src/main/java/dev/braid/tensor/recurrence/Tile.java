package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.MicroKernel;
import dev.braid.tensor.attention.Packing;
import dev.braid.tensor.kernels.Species;
import dev.braid.tensor.matmul.Transposition;

/**
 * A row-major f32 matrix in a workspace. Its columns are padded to whole panels, and there are rows enough for a product
 * that writes a multiple of {@link MicroKernel#ROWS} of them.
 *
 * @param address of the first element
 * @param columns floats of a row
 */
record Tile(long address, int columns) {
    /** Bits of the vectors that {@link Transposition} works with. */
    private static final int SHORTEST_BLOCKS = 256;

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

    /**
     * {@code this [size, rows] = source [rows, size]^T}, where this has {@code rows} columns, and as many rows as the source
     * has columns with its padding.
     */
    void transposeOf(Tile source, int size) {
        if (Species.BITS < SHORTEST_BLOCKS) {
            Packing.transpose(source.address, size, columns, address);
            return;
        }
        for (int row = 0; row < columns; row += Transposition.SIZE) {
            Transposition.floats(source.row(row), source.rowBytes(), source.columns, address + 4L * row, rowBytes());
        }
    }

    /** {@code rows} rounded up to whole register blocks. */
    static int whole(int rows) {
        return (rows + MicroKernel.ROWS - 1) / MicroKernel.ROWS * MicroKernel.ROWS;
    }
}
