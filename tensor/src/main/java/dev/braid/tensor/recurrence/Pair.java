package dev.braid.tensor.recurrence;

/**
 * Rows {@code x} (queries or {@code a}) against rows {@code y} (keys or {@code b}) of a chunk: the scores
 * {@code A_ij = sum_d x_id y_jd e^(R_id - G_jd)}, where {@code G_j} is the cumulative log decay after token j, and the row
 * {@code R_i} of x is that after token i ({@code firstRow} 1, pairs {@code j <= i}) or before it ({@code firstRow} 0, pairs
 * {@code j < i}).
 *
 * @param yTransposed of y, {@code [dk, tokens]}
 * @param scores A
 * @param dScores gradient of A, without regard to which pairs count
 * @param dx gradient of x, added to
 * @param dy gradient of y, added to
 */
record Pair(Tile x, int firstRow, Tile y, Tile yTransposed, Tile scores, Tile dScores, Tile dx, Tile dy) {
    /** Tokens that token {@code i} is paired with: those before this number. */
    int end(int i) {
        return i + firstRow;
    }
}
