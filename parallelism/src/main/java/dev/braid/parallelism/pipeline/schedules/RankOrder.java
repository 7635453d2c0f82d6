package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.parallelism.pipeline.Slot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A rank's order in the making. Its chunks are numbered from 0; an action is asked for by its chunk, and takes the chunk's next
 * micro-batch of that kind. So every kind comes in the order of micro-batches in each chunk, and with it the sums of gradients.
 */
final class RankOrder {
    /**
     * What a rank runs of one stage.
     *
     * @param first micro-batch of the step that passes the chunk
     * @param count of micro-batches that do; actions for later ones are counted, but left out of the order
     */
    record Chunk(int stage, int first, int count) {}

    private final List<Chunk> chunks;
    private final int[] forwards;
    private final int[] backwards;
    private final List<Deque<Integer>> weights = new ArrayList<>();
    private final Deque<Integer> weightChunks = new ArrayDeque<>();
    private final List<Slot> slots = new ArrayList<>();

    RankOrder(List<Chunk> chunks) {
        this.chunks = List.copyOf(chunks);
        this.forwards = new int[chunks.size()];
        this.backwards = new int[chunks.size()];
        chunks.forEach(chunk -> weights.add(new ArrayDeque<>()));
    }

    /** All micro-batches pass each of the stages. */
    static RankOrder of(int microbatches, int... stages) {
        List<Chunk> chunks = new ArrayList<>();
        for (int stage : stages) {
            chunks.add(new Chunk(stage, 0, microbatches));
        }
        return new RankOrder(chunks);
    }

    /** F of the chunk's next micro-batch. */
    void forward(int chunk) {
        add(Kind.F, chunk, forwards[chunk]++);
    }

    /** F of the chunk's next {@code times} micro-batches. */
    void forwards(int chunk, int times) {
        for (int i = 0; i < times; i++) {
            forward(chunk);
        }
    }

    /** B. */
    void backward(int chunk) {
        add(Kind.B, chunk, backwards[chunk]++);
    }

    /** B of the next {@code times} micro-batches. */
    void backwards(int chunk, int times) {
        for (int i = 0; i < times; i++) {
            backward(chunk);
        }
    }

    /** I; its W waits. */
    void input(int chunk) {
        weights.get(chunk).add(backwards[chunk]);
        weightChunks.add(chunk);
        add(Kind.I, chunk, backwards[chunk]++);
    }

    /** The W that waits longest, of whichever chunk. */
    void weight() {
        weight(weightChunks.element());
    }

    /** The W that waits longest in the chunk. */
    void weight(int chunk) {
        weightChunks.removeFirstOccurrence(chunk);
        add(Kind.W, chunk, weights.get(chunk).remove());
    }

    /** Every W that waits, the one that waits longest first. */
    void weights() {
        while (!weightChunks.isEmpty()) {
            weight();
        }
    }

    /** Every W that waits in the chunk. */
    void weights(int chunk) {
        while (!weights.get(chunk).isEmpty()) {
            weight(chunk);
        }
    }

    /** F of one chunk and B of another, overlapped. */
    void pair(int forward, int backward) {
        slots.add(Slot.pair(
                action(Kind.F, forward, forwards[forward]++), action(Kind.B, backward, backwards[backward]++)));
    }

    /** How many forwards of the chunk there are so far, those that are left out too. */
    int forwardsOf(int chunk) {
        return forwards[chunk];
    }

    /** The order so far. */
    List<Slot> slots() {
        return List.copyOf(slots);
    }

    private void add(Kind kind, int chunk, int index) {
        if (index < chunks.get(chunk).count()) {
            slots.add(Slot.of(action(kind, chunk, index)));
        }
    }

    private Action action(Kind kind, int chunk, int index) {
        Chunk at = chunks.get(chunk);
        return new Action(kind, at.stage(), at.first() + index);
    }
}
