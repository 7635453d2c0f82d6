package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Lanes;
import dev.braid.tensor.kernels.Addresses;
import java.util.List;

/** One head of one sequence, chunk by chunk, in one workspace. */
final class HeadRun {
    private final RecurrenceKernel.Problem problem;
    private final int task;
    private final int head;
    private final ChunkTiles tiles;
    private final ChunkDecay decay;
    private final ChunkForward forward;
    private final List<Chunk> chunks;
    private final int saveEvery;

    /** @param task {@code sequence * heads + head} */
    HeadRun(RecurrenceKernel.Problem problem, int task, ChunkTiles tiles) {
        this.problem = problem;
        this.task = task;
        this.tiles = tiles;
        head = task % problem.heads();
        decay = ChunkDecay.of(problem, tiles, head);
        forward = new ChunkForward(problem, tiles, decay, head);
        chunks = problem.chunks().get(task / problem.heads());
        saveEvery = problem.spec().saveEvery();
        if (problem.bonus() != 0) {
            long row = 4L * problem.keySize();
            Addresses.copy(problem.bonus() + head * row, tiles.bonus.address(), row);
        }
    }

    void forward(RecurrenceKernel.Outputs outputs) {
        if (problem.initial() != 0) {
            load(problem.stateAt(problem.initial(), task), tiles.state);
        }
        for (int index = 0; index < chunks.size(); index++) {
            Chunk chunk = chunks.get(index);
            clearIfFresh(chunk);
            if (outputs.saved() != 0 && index % saveEvery == 0) {
                store(tiles.state, problem.savedAt(outputs.saved(), task, index / saveEvery));
            }
            forward.load(chunk);
            if (outputs.o() != null) {
                forward.loadQueries(chunk);
                forward.output(chunk, outputs.o());
            }
            forward.advance(chunk);
        }
        if (outputs.finalState() != 0) {
            store(tiles.state, problem.stateAt(outputs.finalState(), task));
        }
    }

    private void clearIfFresh(Chunk chunk) {
        if (chunk.fresh()) {
            TileMath.fill(0, tiles.state.address(), tiles.stateFloats());
        }
    }

    void backward(RecurrenceKernel.Gradients gradients) {
        ChunkBackward backward = new ChunkBackward(problem, gradients, forward, tiles, decay, head);
        if (gradients.finalState() != 0) {
            load(problem.stateAt(gradients.finalState(), task), tiles.dState);
        }
        for (int group = (chunks.size() - 1) / saveEvery; group >= 0; group--) {
            List<Chunk> part = chunks.subList(group * saveEvery, Math.min((group + 1) * saveEvery, chunks.size()));
            load(problem.savedAt(gradients.saved(), task, group), tiles.state);
            recompute(part);
            for (int index = part.size() - 1; index >= 0; index--) {
                TileMath.copy(tiles.state(index).address(), tiles.state.address(), tiles.stateFloats());
                forward.load(part.get(index));
                forward.loadQueries(part.get(index));
                backward.run(part.get(index));
            }
        }
        if (gradients.initial() != 0) {
            store(tiles.dState, problem.stateAt(gradients.initial(), task));
        }
        writeTotals(gradients);
    }

    /** The states before the chunks between two saved ones. */
    private void recompute(List<Chunk> part) {
        for (int index = 0; index < part.size(); index++) {
            Chunk chunk = part.get(index);
            clearIfFresh(chunk);
            TileMath.copy(tiles.state.address(), tiles.state(index).address(), tiles.stateFloats());
            if (index + 1 < part.size()) {
                forward.load(chunk);
                forward.advance(chunk);
            }
        }
    }

    private void writeTotals(RecurrenceKernel.Gradients gradients) {
        if (gradients.bonus() != 0) {
            long row = 4L * problem.keySize();
            Addresses.copy(tiles.dBonus.address(), gradients.bonus() + task * row, row);
        }
        if (gradients.fixedDecay() != 0 && decay instanceof ScalarDecay scalar) {
            Lanes.set(gradients.fixedDecay() + 4L * task, scalar.total());
        }
    }

    private void load(long dense, Tile state) {
        long row = 4L * problem.valueSize();
        for (int i = 0; i < problem.keySize(); i++) {
            Addresses.copy(dense + i * row, state.row(i), row);
        }
    }

    private void store(Tile state, long dense) {
        long row = 4L * problem.valueSize();
        for (int i = 0; i < problem.keySize(); i++) {
            Addresses.copy(state.row(i), dense + i * row, row);
        }
    }
}
