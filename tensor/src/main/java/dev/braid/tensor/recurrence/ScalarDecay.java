package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.VectorMath;

/**
 * One decay a head: the scores are products of whole matrices times a mask of the decays between tokens, made from
 * differences of cumulative logarithms (the segment sums of Mamba-2).
 */
final class ScalarDecay extends ChunkDecay {
    private final boolean fixed;
    private double total;

    ScalarDecay(RecurrenceKernel.Problem problem, ChunkTiles tiles, int head) {
        super(problem, tiles, head);
        fixed = problem.fixedDecay() != 0;
    }

    /**
     * The cumulative logarithms lie in a row of {@code sums} as if it were as long as the chunk; what their rounding to f32 left
     * out lies in {@code rests}. So the difference of two large ones is exact to the last bits.
     */
    private long sum(int row) {
        return tiles.sums.address() + 4L * row;
    }

    private long rest(int row) {
        return tiles.rests.address() + 4L * row;
    }

    @Override
    void load(Chunk chunk) {
        int length = chunk.length();
        accumulate(chunk);
        Tile masks = tiles.masks(length);
        TileMath.expDifferences(sum(0), rest(0), masks.address(), length, masks.columns());
        for (int row = 0; row <= length; row++) {
            TileMath.fill(VectorMath.exp(Lanes.get(sum(row))), tiles.fromStart.row(row), keyColumns);
        }
        for (int i = 0; i < length; i++) {
            TileMath.fill(Lanes.get(masks.row(length) + 4L * i), tiles.toEnd.row(i), keyColumns);
        }
    }

    private void accumulate(Chunk chunk) {
        int length = chunk.length();
        double total = 0;
        for (int row = 0; row <= Lanes.padded(length); row++) {
            if (row > 0 && row <= length) {
                total += Math.max(LOWEST, logDecay(chunk.first() + row - 1));
            }
            float high = (float) total;
            Lanes.set(sum(row), high);
            Lanes.set(rest(row), (float) (total - high));
        }
    }

    private float logDecay(long token) {
        return switch (problem.decayKind()) {
            case NONE -> 0;
            case FIXED -> Addresses.getFloat(problem.fixedDecay(), head);
            case SCALAR, VECTOR -> problem.decay().get(token, head, 0);
        };
    }

    @Override
    void scores(Iterable<Pair> pairs, int length) {
        Tile masks = tiles.masks(length);
        for (Pair pair : pairs) {
            pair.scores().product(pair.x(), pair.yTransposed(), problem.keySize(), length, tiles.zeros);
            TileMath.multiply(
                    pair.scores().address(),
                    masks.row(pair.firstRow()),
                    pair.scores().address(),
                    (long) length * masks.columns());
        }
    }

    @Override
    void scoreGradients(Iterable<Pair> pairs, int length) {
        Tile masks = tiles.masks(length);
        for (Pair pair : pairs) {
            Tile weights = pair.dScores();
            TileMath.multiply(
                    weights.address(), masks.row(pair.firstRow()), weights.address(), (long) length * masks.columns());
            pair.dx().addProduct(weights, pair.y(), length, length);
            pair.dy().addTransposedProduct(weights, pair.x(), length, length);
        }
    }

    @Override
    void unpack(Tile dDecay, Chunk chunk, RecurrenceKernel.Gradients gradients) {
        for (int i = chunk.length() - 1; i >= 0; i--) {
            float sum = TileMath.sum(dDecay.row(i), keyColumns);
            if (fixed) {
                total += sum;
            } else if (gradients.decay() != null) {
                gradients.decay().set(chunk.first() + i, head, 0, sum);
            }
        }
    }

    /** The gradient of a fixed decay over the chunks so far. */
    float total() {
        return (float) total;
    }
}
