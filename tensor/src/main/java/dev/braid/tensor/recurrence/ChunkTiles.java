package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.attention.MicroKernel;
import java.util.List;

/**
 * The workspace of one core: where each matrix of a chunk lies. The rows of a matrix of tokens go up to a whole panel, as it
 * may be transposed; scores are as wide as the chunk at hand.
 */
final class ChunkTiles {
    /**
     * Bytes between matrices: their sizes are mostly multiples of a page, and a load waits for an unrelated store whose address
     * ends in the same twelve bits.
     */
    private static final long APART = 320;

    private static final int QUERY_KEY = 0;
    private static final int QUERY_B = 1;
    private static final int A_KEY = 2;
    private static final int A_B = 3;

    private final int keyColumns;
    private final int valueColumns;
    private final int tokenColumns;
    private long cursor;

    /** Rows of zeros, as the micro-kernel wants them. */
    final long zeros;

    final Tile q;
    final Tile k;
    final Tile v;
    final Tile a;
    final Tile b;
    /** P, whose row i is {@code a_i^T S_{i-1}}; U = V + P where b is k. */
    final Tile p;

    final Tile o;
    /** {@code q e^R}. */
    final Tile qStart;

    /** {@code a e^R}. */
    final Tile aStart;

    /** {@code k e^(G_end - G)}. */
    final Tile kEnd;

    /** {@code b e^(G_end - G)}. */
    final Tile bEnd;

    /** The state: before the chunk, then after it. */
    final Tile state;

    /** Cumulative log decays: row 0 is zero, row i + 1 is after token i. */
    final Tile sums;

    /** For one decay a head: what the sums have lost to rounding. */
    final Tile rests;

    /** {@code e^G}, rows as {@link #sums}. */
    final Tile fromStart;

    /** {@code e^(G_end - G)}, row i for token i. */
    final Tile toEnd;

    private final long keysTransposedAt;
    private final long bTransposedAt;
    private final long[] scoresAt = new long[4];
    private final long[] dScoresAt = new long[4];
    private final long valuesTransposedAt;
    private final long pTransposedAt;
    private final long masksAt;
    private final long sumsTransposedAt;

    /** For the blocks of a decay by row. */
    final Tile blockRows;

    final Tile blockDecays;
    final Tile blockProducts;
    final Tile columnDecays;
    final Tile columnRows;
    final Tile columnProducts;
    private final long columnsTransposedAt;
    private final long columnDecaysTransposedAt;

    final Tile dO;
    final Tile dq;
    final Tile dk;
    final Tile dv;
    final Tile da;
    final Tile db;
    /** Gradient of P, then of what the solve was given. */
    final Tile dP;

    /** Gradient of the log decay by row of the state. */
    final Tile dDecay;

    /** Gradient of {@link #kEnd} or {@link #bEnd}. */
    final Tile dEnd;

    /** One row, for sums over tokens. */
    final Tile sum;

    /** Gradient of the state after the chunk, then before it. */
    final Tile dState;

    final Tile stateTransposed;
    final Tile dStateTransposed;
    /** Sums over a sequence: the bonus. */
    final Tile dBonus;

    final Tile bonus;
    private final long statesAt;
    private final long end;

    /**
     * @param address of the workspace; 0 to learn its size
     * @param backward there are gradients
     */
    ChunkTiles(RecurrenceKernel.Problem problem, long address, boolean backward) {
        boolean erase = problem.erase() != null;
        boolean apart = problem.apart();
        cursor = address;
        keyColumns = Lanes.padded(problem.keySize());
        valueColumns = Lanes.padded(problem.valueSize());
        tokenColumns =
                Lanes.padded(Math.min(problem.spec().chunk(), problem.spec().length()));
        boolean vector = problem.decayKind() == RecurrenceKernel.DecayKind.VECTOR;
        zeros = take(1, MicroKernel.ZEROS);
        q = keys();
        k = keys();
        v = values();
        a = keys(erase);
        b = keys(apart);
        p = values(erase);
        o = values();
        qStart = keys();
        aStart = keys(erase);
        kEnd = keys();
        bEnd = keys(apart);
        state = tile(keyColumns, valueColumns);
        sums = tile(tokenColumns + 1, keyColumns);
        rests = tile(vector ? 0 : 2, tokenColumns);
        fromStart = tile(tokenColumns + 1, keyColumns);
        toEnd = keys();
        keysTransposedAt = take(keyColumns, tokenColumns);
        bTransposedAt = take(apart ? keyColumns : 0, tokenColumns);
        for (int i = 0; i < 4; i++) {
            boolean wanted = i == QUERY_KEY || i == A_KEY && erase || apart;
            scoresAt[i] = take(wanted ? tokenColumns : 0, tokenColumns);
            dScoresAt[i] = take(wanted && backward ? tokenColumns : 0, tokenColumns);
        }
        masksAt = take(vector ? 0 : tokenColumns + 1, tokenColumns);
        sumsTransposedAt = take(vector ? keyColumns : 0, tokenColumns);
        int block = Lanes.padded(VectorDecay.BLOCK);
        blockRows = tile(vector ? block : 0, keyColumns);
        blockDecays = tile(vector ? block : 0, keyColumns);
        blockProducts = tile(vector && backward ? block : 0, keyColumns);
        columnDecays = keys(vector && backward);
        columnRows = keys(vector && backward);
        columnProducts = keys(vector && backward);
        columnsTransposedAt = take(vector ? keyColumns : 0, tokenColumns);
        columnDecaysTransposedAt = take(vector ? keyColumns : 0, tokenColumns);
        dO = values(backward);
        dq = keys(backward);
        dk = keys(backward);
        dv = values(backward);
        da = keys(backward && erase);
        db = keys(backward && apart);
        dP = values(backward && erase);
        dDecay = keys(backward);
        dEnd = keys(backward);
        sum = tile(1, keyColumns);
        dState = tile(backward ? keyColumns : 0, valueColumns);
        stateTransposed = tile(backward ? valueColumns : 0, keyColumns);
        dStateTransposed = tile(backward ? valueColumns : 0, keyColumns);
        valuesTransposedAt = take(backward ? valueColumns : 0, tokenColumns);
        pTransposedAt = take(backward && apart ? valueColumns : 0, tokenColumns);
        bonus = tile(1, keyColumns);
        dBonus = tile(1, keyColumns);
        statesAt = take((long) (backward ? problem.spec().saveEvery() : 0) * keyColumns, valueColumns);
        end = cursor;
    }

    /** Floats that a workspace needs. */
    static long floats(RecurrenceKernel.Problem problem, boolean backward) {
        return new ChunkTiles(problem, 0, backward).end / 4;
    }

    private long take(long rows, int columns) {
        long at = cursor;
        cursor += 4 * rows * columns + APART;
        return at;
    }

    private Tile tile(int rows, int columns) {
        return new Tile(take(rows, columns), columns);
    }

    private Tile keys() {
        return tile(tokenColumns, keyColumns);
    }

    private Tile keys(boolean wanted) {
        return tile(wanted ? tokenColumns : 0, keyColumns);
    }

    private Tile values() {
        return tile(tokenColumns, valueColumns);
    }

    private Tile values(boolean wanted) {
        return tile(wanted ? tokenColumns : 0, valueColumns);
    }

    /** The state before chunk {@code index} of those between two saved ones. */
    Tile state(int index) {
        return new Tile(statesAt + 4L * index * keyColumns * valueColumns, valueColumns);
    }

    /** Floats of a state. */
    long stateFloats() {
        return (long) keyColumns * valueColumns;
    }

    private static Tile tokens(long address, int length) {
        return new Tile(address, Lanes.padded(length));
    }

    Tile keysTransposed(int length) {
        return tokens(keysTransposedAt, length);
    }

    Tile bTransposed(int length) {
        return tokens(bTransposedAt, length);
    }

    Tile valuesTransposed(int length) {
        return tokens(valuesTransposedAt, length);
    }

    Tile pTransposed(int length) {
        return tokens(pTransposedAt, length);
    }

    /** Decays between pairs of tokens, rows as {@link #sums}; zero where the column's token is not before the row. */
    Tile masks(int length) {
        return tokens(masksAt, length);
    }

    Tile sumsTransposed(int length) {
        return tokens(sumsTransposedAt, length);
    }

    Tile columnsTransposed(int length) {
        return tokens(columnsTransposedAt, length);
    }

    Tile columnDecaysTransposed(int length) {
        return tokens(columnDecaysTransposedAt, length);
    }

    /** Queries against keys. */
    Pair queryKey(Read read, int length) {
        return new Pair(
                q,
                read.firstRow(),
                k,
                keysTransposed(length),
                tokens(scoresAt[QUERY_KEY], length),
                tokens(dScoresAt[QUERY_KEY], length),
                dq,
                dk);
    }

    /** Queries against b. */
    Pair queryB(Read read, int length) {
        return new Pair(
                q,
                read.firstRow(),
                b,
                bTransposed(length),
                tokens(scoresAt[QUERY_B], length),
                tokens(dScoresAt[QUERY_B], length),
                dq,
                db);
    }

    /** a against keys: what the solve inverts where b is k. */
    Pair aKey(int length) {
        return new Pair(
                a,
                0,
                k,
                keysTransposed(length),
                tokens(scoresAt[A_KEY], length),
                tokens(dScoresAt[A_KEY], length),
                da,
                dk);
    }

    /** a against b: what the solve inverts where b is not k. */
    Pair aB(int length) {
        return new Pair(
                a, 0, b, bTransposed(length), tokens(scoresAt[A_B], length), tokens(dScoresAt[A_B], length), da, db);
    }

    /** The pairs that outputs read. */
    List<Pair> reads(Read read, int length, boolean apart) {
        return apart ? List.of(queryKey(read, length), queryB(read, length)) : List.of(queryKey(read, length));
    }

    /** The pairs that P or U reads. */
    List<Pair> erasures(int length, boolean erase, boolean apart) {
        if (!erase) {
            return List.of();
        }
        return apart ? List.of(aKey(length), aB(length)) : List.of(aKey(length));
    }
}
