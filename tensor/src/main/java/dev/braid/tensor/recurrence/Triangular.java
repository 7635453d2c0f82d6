package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;

/** Solves with {@code I - A}, where A is strictly lower triangular: blocks of rows by products, inside a block row by row. */
final class Triangular {
    private static final int BLOCK = 16;

    private Triangular() {}

    /** {@code X = (I - A)^-1 X} by forward substitution: {@code x_i += sum_(j < i) A_ij x_j}. */
    static void solve(Tile a, Tile x, int length) {
        for (int start = 0; start < length; start += BLOCK) {
            int rows = Math.min(BLOCK, length - start);
            if (start > 0) {
                x.from(start).addProduct(a.from(start), x, start, rows);
            }
            // Row by row of those that are done, so that no sum waits for the one just stored.
            for (int j = start; j < start + rows; j++) {
                for (int i = j + 1; i < start + rows; i++) {
                    TileMath.addScaled(Lanes.get(a.row(i) + 4L * j), x.row(j), x.row(i), x.columns());
                }
            }
        }
    }

    /** {@code X = (I - A)^-T X} by backward substitution: {@code x_j += sum_(i > j) A_ij x_i}. */
    static void solveTransposed(Tile a, Tile x, int length) {
        int last = (length - 1) / BLOCK * BLOCK;
        for (int start = last; start >= 0; start -= BLOCK) {
            int rows = Math.min(BLOCK, length - start);
            int next = start + rows;
            if (next < length) {
                Tile below = new Tile(a.row(next) + 4L * start, a.columns());
                x.from(start).addTransposedProduct(below, x.from(next), length - next, rows);
            }
            for (int i = next - 1; i > start; i--) {
                for (int j = start; j < i; j++) {
                    TileMath.addScaled(Lanes.get(a.row(i) + 4L * j), x.row(i), x.row(j), x.columns());
                }
            }
        }
    }
}
