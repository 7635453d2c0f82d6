package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.attention.Operand;
import dev.braid.tensor.attention.Packing;

/**
 * The recurrence over a chunk, with S the state before it and {@code G} the cumulative log decays: P = (I - A_ab)^-1 (A_ak V +
 * (a e^R) S) has the rows {@code a_i^T S_{i-1}}; O = (q e^R) S + A_qk V + A_qb P; and the state after it is
 * {@code Diag(e^G_end) S + (k e^(G_end - G))^T V + (b e^(G_end - G))^T P}. Where b is k all of that depends on U = V + P alone:
 * U = (I - A_ak)^-1 (V + (a e^R) S), which takes V's place where nothing is erased.
 */
final class ChunkForward {
    private final RecurrenceKernel.Problem problem;
    private final ChunkTiles tiles;
    private final ChunkDecay decay;
    private final int head;
    private final boolean erase;
    private final boolean apart;
    private final int keySize;
    private final int keyColumns;

    ChunkForward(RecurrenceKernel.Problem problem, ChunkTiles tiles, ChunkDecay decay, int head) {
        this.problem = problem;
        this.tiles = tiles;
        this.decay = decay;
        this.head = head;
        erase = problem.erase() != null;
        apart = problem.apart();
        keySize = problem.keySize();
        keyColumns = tiles.k.columns();
    }

    /** Loads what the state depends on, and computes P or U from the state before the chunk. */
    void load(Chunk chunk) {
        int length = chunk.length();
        decay.load(chunk);
        pack(problem.k(), chunk, keySize, tiles.k);
        tiles.keysTransposed(length).transposeOf(tiles.k, keySize);
        TileMath.multiply(tiles.k.address(), tiles.toEnd.address(), tiles.kEnd.address(), (long) length * keyColumns);
        if (problem.v() != null) {
            pack(problem.v(), chunk, problem.valueSize(), tiles.v);
        }
        if (erase) {
            loadErase(chunk);
        }
    }

    private void loadErase(Chunk chunk) {
        int length = chunk.length();
        pack(problem.erase().a(), chunk, keySize, tiles.a);
        long count = (long) length * keyColumns;
        TileMath.multiply(tiles.a.address(), tiles.fromStart.address(), tiles.aStart.address(), count);
        tiles.p.product(tiles.aStart, tiles.state, keySize, length, tiles.zeros);
        if (apart) {
            loadApart(chunk);
            return;
        }
        if (problem.v() != null) {
            TileMath.add(tiles.p.address(), tiles.v.address(), tiles.p.address(), (long) length * tiles.p.columns());
        }
        decay.scores(tiles.erasures(length, true, false), length);
        Triangular.solve(tiles.aKey(length).scores(), tiles.p, length);
    }

    private void loadApart(Chunk chunk) {
        int length = chunk.length();
        pack(problem.erase().b(), chunk, keySize, tiles.b);
        tiles.bTransposed(length).transposeOf(tiles.b, keySize);
        TileMath.multiply(tiles.b.address(), tiles.toEnd.address(), tiles.bEnd.address(), (long) length * keyColumns);
        decay.scores(tiles.erasures(length, true, true), length);
        if (problem.v() != null) {
            tiles.p.addProduct(tiles.aKey(length).scores(), tiles.v, length, length);
        }
        Triangular.solve(tiles.aB(length).scores(), tiles.p, length);
    }

    /** What the keys write: V, or U. */
    Tile written() {
        return erase && !apart ? tiles.p : tiles.v;
    }

    /** Loads the queries and computes their scores, after {@link #load}. */
    void loadQueries(Chunk chunk) {
        int length = chunk.length();
        Read read = problem.spec().read();
        pack(problem.q(), chunk, keySize, tiles.q);
        TileMath.multiply(
                tiles.q.address(),
                tiles.fromStart.row(read.firstRow()),
                tiles.qStart.address(),
                (long) length * keyColumns);
        decay.scores(tiles.reads(read, length, apart), length);
        if (problem.bonus() != 0) {
            addBonus(length);
        }
    }

    /** The bonus is what a token reads of its own write: the diagonal of the scores, which is free. */
    private void addBonus(int length) {
        Tile scores = tiles.queryKey(Read.BEFORE_WRITE, length).scores();
        for (int i = 0; i < length; i++) {
            TileMath.multiply(tiles.k.row(i), tiles.bonus.address(), tiles.sum.address(), keyColumns);
            float own = TileMath.dot(tiles.q.row(i), tiles.sum.address(), keyColumns);
            Lanes.set(scores.row(i) + 4L * i, own);
        }
    }

    /** Writes what the queries read. */
    void output(Chunk chunk, Operand o) {
        int length = chunk.length();
        Read read = problem.spec().read();
        tiles.o.product(tiles.qStart, tiles.state, keySize, length, tiles.zeros);
        tiles.o.addProduct(tiles.queryKey(read, length).scores(), written(), length, length);
        if (apart) {
            tiles.o.addProduct(tiles.queryB(read, length).scores(), tiles.p, length, length);
        }
        for (int i = 0; i < length; i++) {
            Packing.unpack(tiles.o.row(i), 1, o, chunk.first() + i, head, problem.valueSize());
        }
    }

    /** Takes the state over the chunk. */
    void advance(Chunk chunk) {
        int length = chunk.length();
        Tile state = tiles.state;
        for (int row = 0; row < keySize; row++) {
            TileMath.scale(decay.whole(row, length), state.row(row), state.columns());
        }
        if (problem.v() != null || erase && !apart) {
            state.addTransposedProduct(tiles.kEnd, written(), length, keySize);
        }
        if (apart) {
            state.addTransposedProduct(tiles.bEnd, tiles.p, length, keySize);
        }
    }

    private void pack(Shared source, Chunk chunk, int size, Tile target) {
        int length = chunk.length();
        Packing.rows(
                source.operand(),
                chunk.first(),
                source.index(head),
                size,
                length,
                Lanes.padded(length),
                1,
                target.address());
    }
}
