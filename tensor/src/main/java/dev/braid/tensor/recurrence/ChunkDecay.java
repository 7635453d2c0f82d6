package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;

/** How the decay enters the matrices of a chunk. One is made for each head of each sequence. */
abstract class ChunkDecay {
    /** Its exponential is zero in f32: lower logarithms, minus infinity among them, count as this, so that sums stay finite. */
    static final float LOWEST = -104;

    final RecurrenceKernel.Problem problem;
    final ChunkTiles tiles;
    final int head;
    final int keyColumns;

    ChunkDecay(RecurrenceKernel.Problem problem, ChunkTiles tiles, int head) {
        this.problem = problem;
        this.tiles = tiles;
        this.head = head;
        keyColumns = tiles.k.columns();
    }

    static ChunkDecay of(RecurrenceKernel.Problem problem, ChunkTiles tiles, int head) {
        return switch (problem.decayKind()) {
            case NONE, FIXED, SCALAR -> new ScalarDecay(problem, tiles, head);
            case VECTOR -> new VectorDecay(problem, tiles, head);
        };
    }

    /** Computes the cumulative decays of a chunk: {@code fromStart}, {@code toEnd}, and what {@link #scores} needs. */
    abstract void load(Chunk chunk);

    /** Writes the scores of a pair; those of tokens that are not paired are zero. */
    abstract void scores(Iterable<Pair> pairs, int length);

    /** Adds the gradients of x and y; spoils those of the scores. */
    abstract void scoreGradients(Iterable<Pair> pairs, int length);

    /** Writes the gradient of the log decay of a chunk, given it by row of the state. */
    abstract void unpack(Tile dDecay, Chunk chunk, RecurrenceKernel.Gradients gradients);

    /** The decay of the whole chunk for a row of the state. */
    final float whole(int row, int length) {
        return Lanes.get(tiles.fromStart.row(length) + 4L * row);
    }
}
