package dev.braid.tensor.matmul;

/**
 * How a product is cut into tiles of C, which the cores of a rank take in any order. Depends on the size of the product alone.
 * Bits do not depend on it (see {@link MatmulEngine}); it is fixed so that time and scratch are the same in every run.
 *
 * @param rows rows of a tile, the last of a column may have fewer
 * @param columns columns of a tile, the last of a row may have fewer
 */
record Tiling(int m, int n, int rows, int columns) {
    /** Below this many operations a product is one tile: to wake another core would cost more. */
    private static final double ONE_TILE_FLOPS = 2e6;

    /** From 256 rows on the native engines are at full speed, and a tile of a training shape takes about a millisecond. */
    private static final int ROWS = 256;

    private static final int COLUMNS = 512;

    static Tiling of(MatmulSpec spec) {
        int m = spec.m();
        int n = spec.n();
        if (spec.flops() < ONE_TILE_FLOPS) {
            return new Tiling(m, n, m, n);
        }
        int rows = Math.min(m, ROWS);
        // Whole rows keep the packing of B to once a tile; columns are cut only where rows give too few tiles.
        int columns = parts(m, rows) >= 8 ? n : Math.min(n, COLUMNS);
        while (parts(m, rows) * parts(n, columns) < 4 && rows >= 64) {
            rows = (rows / 2 + 15) / 16 * 16;
        }
        if (parts(m, rows) * parts(n, columns) < 4) {
            columns = Math.max(64, (parts(n, 4) + 63) / 64 * 64);
        }
        return new Tiling(m, n, rows, Math.min(n, columns));
    }

    private static int parts(int whole, int part) {
        return (whole + part - 1) / part;
    }

    /** Number of tiles. */
    int tiles() {
        return parts(m, rows) * parts(n, columns);
    }

    /** The tile at the lower left: as low as tiles get at the end, full width. */
    int firstOfLastRow() {
        return tiles() - parts(n, columns);
    }

    /** The tile at the upper right: full height, as narrow as tiles get at the end. */
    int lastOfFirstRow() {
        return parts(n, columns) - 1;
    }

    /** First row of tile {@code index}. */
    int row(int index) {
        return index / parts(n, columns) * rows;
    }

    /** First column of tile {@code index}. */
    int column(int index) {
        return index % parts(n, columns) * columns;
    }

    /** Rows of tile {@code index}. */
    int height(int index) {
        return Math.min(rows, m - row(index));
    }

    /** Columns of tile {@code index}. */
    int width(int index) {
        return Math.min(columns, n - column(index));
    }
}
