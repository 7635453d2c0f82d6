package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.attention.Operand;
import dev.braid.tensor.attention.Packing;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients of a chunk, given that of the state after it, in the names of {@link ChunkForward}. All decays enter as factors
 * {@code e^(R_i - G_j)}, {@code e^R_i}, {@code e^(G_end - G_j)}: so the gradient of a cumulative log decay is what its token's
 * {@code q dq} and {@code a da} add and its {@code k dk} and {@code b db} take away, and that of a log decay is the sum of
 * those from its token to the chunk's end; what passes through the state after the chunk is summed from the other side.
 * Where b is k, the gradient of what the solve was given is that of V too.
 */
final class ChunkBackward {
    private final RecurrenceKernel.Problem problem;
    private final RecurrenceKernel.Gradients gradients;
    private final ChunkForward forward;
    private final ChunkTiles tiles;
    private final ChunkDecay decay;
    private final int head;
    private final boolean erase;
    private final boolean apart;
    private final Read read;
    private final int keySize;
    private final int valueSize;
    private final int keyColumns;

    ChunkBackward(
            RecurrenceKernel.Problem problem,
            RecurrenceKernel.Gradients gradients,
            ChunkForward forward,
            ChunkTiles tiles,
            ChunkDecay decay,
            int head) {
        this.problem = problem;
        this.gradients = gradients;
        this.forward = forward;
        this.tiles = tiles;
        this.decay = decay;
        this.head = head;
        erase = problem.erase() != null;
        apart = problem.apart();
        read = problem.spec().read();
        keySize = problem.keySize();
        valueSize = problem.valueSize();
        keyColumns = tiles.k.columns();
    }

    /** After {@link ChunkForward#load} and {@link ChunkForward#loadQueries} from the state before the chunk. */
    void run(Chunk chunk) {
        int length = chunk.length();
        Packing.rows(
                gradients.dO(), chunk.first(), head, valueSize, length, Lanes.padded(length), 1, tiles.dO.address());
        valueGradients(length);
        scoreGradients(length);
        stateGradients(length);
        float[] ownKeys = takeDiagonal(tiles.queryKey(read, length), length);
        float[] ownB = apart ? takeDiagonal(tiles.queryB(read, length), length) : new float[0];
        List<Pair> pairs = new ArrayList<>(tiles.reads(read, length, apart));
        pairs.addAll(tiles.erasures(length, erase, apart));
        decay.scoreGradients(pairs, length);
        decayGradient(length);
        endGradients(length);
        if (problem.decayKind() != RecurrenceKernel.DecayKind.NONE) {
            decay.unpack(tiles.dDecay, chunk, gradients);
        }
        ownGradients(ownKeys, ownB, length);
        unpack(tiles.dq, gradients.q(), chunk, keySize);
        unpack(tiles.dk, gradients.k(), chunk, keySize);
        unpack(erase && !apart ? tiles.dP : tiles.dv, gradients.v(), chunk, valueSize);
        if (erase) {
            unpack(tiles.da, gradients.erase().a(), chunk, keySize);
        }
        if (apart) {
            unpack(tiles.db, gradients.erase().b(), chunk, keySize);
        }
        retreat(length);
        if (chunk.fresh()) {
            TileMath.fill(0, tiles.dState.address(), tiles.stateFloats());
        }
    }

    /** Gradients of P or U, through the solve, and of the values. */
    private void valueGradients(int length) {
        Tile queryKeys = tiles.queryKey(read, length).scores();
        if (erase && !apart) {
            tiles.dP.product(tiles.kEnd, tiles.dState, keySize, length, tiles.zeros);
            tiles.dP.addTransposedProduct(queryKeys, tiles.dO, length, length);
            Triangular.solveTransposed(tiles.aKey(length).scores(), tiles.dP, length);
            return;
        }
        if (apart) {
            tiles.dP.product(tiles.bEnd, tiles.dState, keySize, length, tiles.zeros);
            tiles.dP.addTransposedProduct(tiles.queryB(read, length).scores(), tiles.dO, length, length);
            Triangular.solveTransposed(tiles.aB(length).scores(), tiles.dP, length);
        }
        tiles.dv.product(tiles.kEnd, tiles.dState, keySize, length, tiles.zeros);
        tiles.dv.addTransposedProduct(queryKeys, tiles.dO, length, length);
        if (apart) {
            tiles.dv.addTransposedProduct(tiles.aKey(length).scores(), tiles.dP, length, length);
        }
    }

    /** Gradients of the scores, those of unpaired tokens included. */
    private void scoreGradients(int length) {
        Tile values = tiles.valuesTransposed(length);
        values.transposeOf(forward.written(), valueSize);
        tiles.queryKey(read, length).dScores().product(tiles.dO, values, valueSize, length, tiles.zeros);
        if (erase) {
            tiles.aKey(length).dScores().product(tiles.dP, values, valueSize, length, tiles.zeros);
        }
        if (apart) {
            Tile p = tiles.pTransposed(length);
            p.transposeOf(tiles.p, valueSize);
            tiles.queryB(read, length).dScores().product(tiles.dO, p, valueSize, length, tiles.zeros);
            tiles.aB(length).dScores().product(tiles.dP, p, valueSize, length, tiles.zeros);
        }
    }

    /** What q and a owe to the state before the chunk; nothing yet for k and b. */
    private void stateGradients(int length) {
        long count = (long) Tile.whole(length) * keyColumns;
        tiles.stateTransposed.transposeOf(tiles.state, valueSize);
        fromStart(tiles.dO, read.firstRow(), tiles.dq, length);
        TileMath.fill(0, tiles.dk.address(), count);
        if (erase) {
            fromStart(tiles.dP, 0, tiles.da, length);
        }
        if (apart) {
            TileMath.fill(0, tiles.db.address(), count);
        }
    }

    private void fromStart(Tile dResult, int firstRow, Tile dx, int length) {
        dx.product(dResult, tiles.stateTransposed, valueSize, length, tiles.zeros);
        TileMath.multiply(dx.address(), tiles.fromStart.row(firstRow), dx.address(), (long) length * keyColumns);
    }

    /**
     * What k and b, and the decays, owe to the state after the chunk. The decay of a token takes part in what came before it:
     * a sum from the chunk's start on, so that nothing has to cancel.
     */
    private void endGradients(int length) {
        tiles.dStateTransposed.transposeOf(tiles.dState, valueSize);
        long sum = tiles.sum.address();
        TileMath.fill(0, sum, keyColumns);
        for (int row = 0; row < keySize; row++) {
            float product = TileMath.dot(tiles.state.row(row), tiles.dState.row(row), tiles.state.columns());
            Lanes.set(sum + 4L * row, decay.whole(row, length) * product);
        }
        fromEnd(forward.written(), tiles.kEnd, tiles.dk, length);
        if (apart) {
            TileMath.fill(0, sum, keyColumns);
            fromEnd(tiles.p, tiles.bEnd, tiles.db, length);
        }
    }

    private void fromEnd(Tile value, Tile decayed, Tile dy, int length) {
        long sum = tiles.sum.address();
        tiles.dEnd.product(value, tiles.dStateTransposed, valueSize, length, tiles.zeros);
        for (int i = 0; i < length; i++) {
            TileMath.add(tiles.dDecay.row(i), sum, tiles.dDecay.row(i), keyColumns);
            TileMath.multiplyAdd(decayed.row(i), tiles.dEnd.row(i), sum, keyColumns);
        }
        TileMath.multiplyAdd(tiles.dEnd.address(), tiles.toEnd.address(), dy.address(), (long) length * keyColumns);
    }

    /**
     * Takes the gradients of the scores of a token against itself out: no decay lies between, so what they add to the gradient
     * of a decay cancels, which rounding would leave undone.
     */
    private static float[] takeDiagonal(Pair pair, int length) {
        float[] own = new float[length];
        for (int i = 0; i < length; i++) {
            long at = pair.dScores().row(i) + 4L * i;
            own[i] = Lanes.get(at);
            Lanes.set(at, 0);
        }
        return own;
    }

    /**
     * What the decays owe to the scores and to the state before the chunk: the sum from the chunk's end on. A row that is seen
     * before its token counts for the tokens before it alone.
     */
    private void decayGradient(int length) {
        long sum = tiles.sum.address();
        TileMath.fill(0, sum, keyColumns);
        for (int i = length - 1; i >= 0; i--) {
            TileMath.multiplySubtract(tiles.k.row(i), tiles.dk.row(i), sum, keyColumns);
            if (apart) {
                TileMath.multiplySubtract(tiles.b.row(i), tiles.db.row(i), sum, keyColumns);
            }
            if (read == Read.AFTER_WRITE) {
                TileMath.multiplyAdd(tiles.q.row(i), tiles.dq.row(i), sum, keyColumns);
            }
            TileMath.copy(sum, tiles.dDecay.row(i), keyColumns);
            if (erase) {
                TileMath.multiplyAdd(tiles.a.row(i), tiles.da.row(i), sum, keyColumns);
            }
            if (read == Read.BEFORE_WRITE) {
                TileMath.multiplyAdd(tiles.q.row(i), tiles.dq.row(i), sum, keyColumns);
            }
        }
    }

    /** What a token reads of its own write: with weight one after it, with the bonus before it. */
    private void ownGradients(float[] ownKeys, float[] ownB, int length) {
        for (int i = 0; i < length; i++) {
            if (read == Read.AFTER_WRITE) {
                TileMath.addScaled(ownKeys[i], tiles.k.row(i), tiles.dq.row(i), keyColumns);
                TileMath.addScaled(ownKeys[i], tiles.q.row(i), tiles.dk.row(i), keyColumns);
                if (apart) {
                    TileMath.addScaled(ownB[i], tiles.b.row(i), tiles.dq.row(i), keyColumns);
                    TileMath.addScaled(ownB[i], tiles.q.row(i), tiles.db.row(i), keyColumns);
                }
            } else if (problem.bonus() != 0) {
                bonusGradients(ownKeys[i], i);
            }
        }
    }

    private void bonusGradients(float own, int i) {
        long u = tiles.bonus.address();
        TileMath.addScaledProduct(own, u, tiles.k.row(i), tiles.dq.row(i), keyColumns);
        TileMath.addScaledProduct(own, u, tiles.q.row(i), tiles.dk.row(i), keyColumns);
        TileMath.addScaledProduct(own, tiles.q.row(i), tiles.k.row(i), tiles.dBonus.address(), keyColumns);
    }

    /** Takes the gradient of the state back over the chunk. */
    private void retreat(int length) {
        Tile dState = tiles.dState;
        for (int row = 0; row < keySize; row++) {
            TileMath.scale(decay.whole(row, length), dState.row(row), dState.columns());
        }
        dState.addTransposedProduct(tiles.qStart, tiles.dO, length, keySize);
        if (erase) {
            dState.addTransposedProduct(tiles.aStart, tiles.dP, length, keySize);
        }
    }

    private void unpack(Tile source, Operand target, Chunk chunk, int size) {
        for (int i = 0; i < chunk.length(); i++) {
            Packing.unpack(source.row(i), 1, target, chunk.first() + i, head, size);
        }
    }
}
