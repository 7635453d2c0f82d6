package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.attention.MicroKernel;
import dev.braid.tensor.attention.Packing;

/**
 * A decay for each row of the state: the scores are computed by blocks of 16 rows of tokens. Decays are split at the start of
 * a block, {@code e^(R_i - Z) e^(Z - G_j)}: for tokens before the block both factors are at most one. Within the block the
 * second grows; where it stays below e^30 the same product takes the block in, else its pairs are summed one by one
 * (secondary chunking of GLA).
 */
final class VectorDecay extends ChunkDecay {
    /** Tokens of a block. */
    static final int BLOCK = 16;

    /** The largest logarithm of a growing factor: its product with values stays far from overflow. */
    private static final float LARGEST_GROWTH = 30;

    VectorDecay(RecurrenceKernel.Problem problem, ChunkTiles tiles, int head) {
        super(problem, tiles, head);
    }

    @Override
    void load(Chunk chunk) {
        int length = chunk.length();
        int padded = Lanes.padded(length);
        Tile sums = tiles.sums;
        TileMath.fill(0, sums.row(0), keyColumns);
        Packing.rows(problem.decay(), chunk.first(), head, problem.keySize(), length, padded, 1, sums.row(1));
        TileMath.raise(LOWEST, sums.row(1), (long) length * keyColumns);
        for (int i = 1; i < length; i++) {
            TileMath.add(sums.row(i), sums.row(i + 1), sums.row(i + 1), keyColumns);
        }
        for (int i = 0; i <= length; i++) {
            TileMath.expDifference(sums.row(i), sums.row(0), tiles.fromStart.row(i), keyColumns);
        }
        for (int i = 0; i < length; i++) {
            TileMath.expDifference(sums.row(length), sums.row(i + 1), tiles.toEnd.row(i), keyColumns);
        }
        tiles.sumsTransposed(length).transposeOf(sums.from(1), problem.keySize());
    }

    /** The pairs of a block may be part of its product. */
    private boolean factors(int start, int rows) {
        for (int column = 0; column < problem.keySize(); column++) {
            float fall = Lanes.get(tiles.sums.row(start) + 4L * column)
                    - Lanes.get(tiles.sums.row(start + rows) + 4L * column);
            if (!(fall <= LARGEST_GROWTH)) {
                return false;
            }
        }
        return true;
    }

    @Override
    void scores(Iterable<Pair> pairs, int length) {
        for (int start = 0; start < length; start += BLOCK) {
            int rows = Math.min(BLOCK, length - start);
            boolean factored = factors(start, rows);
            int columns = factored ? start + rows : start;
            Tile decays = tiles.columnDecaysTransposed(length);
            Tile sums = tiles.sumsTransposed(length);
            int width = Lanes.padded(columns);
            for (int d = 0; d < problem.keySize() && columns > 0; d++) {
                float reference = Lanes.get(tiles.sums.row(start) + 4L * d);
                TileMath.expDifference(reference, sums.row(d), decays.row(d), width);
            }
            for (Pair pair : pairs) {
                if (columns > 0) {
                    product(pair, start, rows, width, length);
                }
                for (int i = start; i < start + rows; i++) {
                    TileMath.zeroFrom(
                            Math.min(columns, pair.end(i)),
                            pair.scores().row(i),
                            pair.scores().columns());
                    if (!factored) {
                        singleScores(pair, i, start);
                    }
                }
            }
        }
    }

    /** The scores of a block of rows against the first {@code width} tokens. */
    private void product(Pair pair, int start, int rows, int width, int length) {
        Tile decays = tiles.columnDecaysTransposed(length);
        Tile right = tiles.columnsTransposed(length);
        for (int d = 0; d < problem.keySize(); d++) {
            TileMath.multiply(pair.yTransposed().row(d), decays.row(d), right.row(d), width);
        }
        blockRows(pair, start, rows);
        MicroKernel.multiply(
                tiles.blockRows.address(),
                tiles.blockRows.rowBytes(),
                4,
                right.address(),
                right.rowBytes(),
                problem.keySize(),
                tiles.zeros,
                pair.scores().row(start),
                pair.scores().rowBytes(),
                Tile.whole(rows),
                width);
    }

    /** {@code x e^(R - Z)} of a block, and its second factor. */
    private void blockRows(Pair pair, int start, int rows) {
        for (int i = 0; i < rows; i++) {
            TileMath.expDifference(
                    tiles.sums.row(pair.end(start + i)), tiles.sums.row(start), tiles.blockDecays.row(i), keyColumns);
        }
        TileMath.multiply(
                pair.x().row(start), tiles.blockDecays.address(), tiles.blockRows.address(), (long) rows * keyColumns);
    }

    private void singleScores(Pair pair, int i, int start) {
        for (int j = start; j < pair.end(i); j++) {
            float score = TileMath.decayedDot(
                    pair.x().row(i), pair.y().row(j), tiles.sums.row(pair.end(i)), tiles.sums.row(j + 1), keyColumns);
            Lanes.set(pair.scores().row(i) + 4L * j, score);
        }
    }

    @Override
    void scoreGradients(Iterable<Pair> pairs, int length) {
        for (int start = 0; start < length; start += BLOCK) {
            int rows = Math.min(BLOCK, length - start);
            boolean factored = factors(start, rows);
            int columns = factored ? start + rows : start;
            for (int j = 0; j < columns; j++) {
                TileMath.expDifference(
                        tiles.sums.row(start), tiles.sums.row(j + 1), tiles.columnDecays.row(j), keyColumns);
            }
            for (Pair pair : pairs) {
                for (int i = start; i < start + rows; i++) {
                    TileMath.zeroFrom(
                            pair.end(i), pair.dScores().row(i), pair.dScores().columns());
                    if (!factored) {
                        singleGradients(pair, i, start);
                    }
                }
                if (columns > 0) {
                    productGradients(pair, start, rows, columns);
                }
            }
        }
    }

    private void productGradients(Pair pair, int start, int rows, int columns) {
        blockRows(pair, start, rows);
        Tile weights = pair.dScores().from(start);
        TileMath.multiply(
                pair.y().address(),
                tiles.columnDecays.address(),
                tiles.columnRows.address(),
                (long) columns * keyColumns);
        tiles.blockProducts.product(weights, tiles.columnRows, columns, rows, tiles.zeros);
        TileMath.multiplyAdd(
                tiles.blockProducts.address(),
                tiles.blockDecays.address(),
                pair.dx().row(start),
                (long) rows * keyColumns);
        TileMath.fill(0, tiles.columnProducts.address(), (long) Tile.whole(columns) * keyColumns);
        tiles.columnProducts.addTransposedProduct(weights, tiles.blockRows, rows, columns);
        TileMath.multiplyAdd(
                tiles.columnProducts.address(),
                tiles.columnDecays.address(),
                pair.dy().address(),
                (long) columns * keyColumns);
    }

    private void singleGradients(Pair pair, int i, int start) {
        long sums = tiles.sums.row(pair.end(i));
        for (int j = start; j < pair.end(i); j++) {
            float weight = Lanes.get(pair.dScores().row(i) + 4L * j);
            long before = tiles.sums.row(j + 1);
            TileMath.addDecayed(weight, pair.y().row(j), sums, before, pair.dx().row(i), keyColumns);
            TileMath.addDecayed(weight, pair.x().row(i), sums, before, pair.dy().row(j), keyColumns);
        }
    }

    @Override
    void unpack(Tile dDecay, Chunk chunk, RecurrenceKernel.Gradients gradients) {
        if (gradients.decay() == null) {
            return;
        }
        for (int i = 0; i < chunk.length(); i++) {
            Packing.unpack(dDecay.row(i), 1, gradients.decay(), chunk.first() + i, head, problem.keySize());
        }
    }
}
