package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/** A rank in a greedy search: what it has run so far of each of its chunks, until when, and what it holds. */
final class GreedyRank {
    /** Memory is a sum of many: what is this much over, relatively, is not over. */
    private static final double ROUNDING = 1e-9;

    private final List<StageCosts.Stage> chunks;
    private final double limit;
    private final RankOrder order;
    private final int[] forwards;
    private final int[] inputs;
    private final double[][] forwardEnds;
    private final double[][] inputEnds;
    private final Deque<Integer> waiting = new ArrayDeque<>();
    private final int microbatches;
    private double start = Double.NaN;
    private double end;
    private double held;
    private double idle;

    /**
     * A rank that has run nothing.
     *
     * @param stages of its chunks
     * @param limit of its memory, in the unit of {@code costs}
     */
    GreedyRank(int[] stages, StageCosts costs, int microbatches, double limit) {
        this.chunks = IntStream.of(stages).mapToObj(costs.stages()::get).toList();
        this.limit = limit * (1 + ROUNDING);
        this.order = RankOrder.of(microbatches, stages);
        this.forwards = new int[stages.length];
        this.inputs = new int[stages.length];
        this.forwardEnds = new double[stages.length][microbatches];
        this.inputEnds = new double[stages.length][microbatches];
        this.microbatches = microbatches;
    }

    /** F of the chunk's next micro-batch, not before {@code arrival} of what it needs. */
    void forward(int chunk, double arrival) {
        StageCosts.Stage costs = chunks.get(chunk);
        run(arrival, costs.forward());
        order.forward(chunk);
        held += costs.activations();
        forwardEnds[chunk][forwards[chunk]++] = end;
    }

    /** I, not before {@code arrival}. */
    void input(int chunk, double arrival) {
        StageCosts.Stage costs = chunks.get(chunk);
        run(arrival, costs.input());
        order.input(chunk);
        waiting.add(chunk);
        held += costs.kept() - costs.activations();
        inputEnds[chunk][inputs[chunk]++] = end;
    }

    /** The W that waits longest, of whichever chunk. */
    void weight() {
        int chunk = waiting.remove();
        run(end, chunks.get(chunk).weight());
        order.weight(chunk);
        held -= chunks.get(chunk).kept();
    }

    private void run(double arrival, double time) {
        double begin = Math.max(end, arrival);
        if (Double.isNaN(start)) {
            start = begin;
        } else {
            idle += begin - end;
        }
        end = begin + time;
    }

    /** Every W that waits. */
    void weights() {
        while (weightsWait()) {
            weight();
        }
    }

    /** Every W that ends until {@code arrival}. */
    void weightsUntil(double arrival) {
        while (weightsWait() && end + chunks.get(waiting.element()).weight() <= arrival) {
            weight();
        }
    }

    /** Runs W until there is room for another F, and says whether there is. */
    boolean makeRoomForForward(int chunk) {
        while (!fits(chunk, held) && weightsWait()) {
            weight();
        }
        return fits(chunk, held);
    }

    /** Runs W until there is room for the next I, which may hold more than it frees, and says whether there is. */
    boolean makeRoomForInput(int chunk) {
        double more = chunks.get(chunk).kept() - chunks.get(chunk).activations();
        while (held + more > limit && weightsWait()) {
            weight();
        }
        return held + more <= limit;
    }

    /** How long the W take that must run before another F has room. */
    double timeToMakeRoom(int chunk) {
        double left = held;
        double time = 0;
        for (int next : waiting) {
            if (fits(chunk, left)) {
                break;
            }
            left -= chunks.get(next).kept();
            time += chunks.get(next).weight();
        }
        return time;
    }

    /** How many more forwards of a chunk there is room and work for, W not counted. */
    int forwardsThatFit(int chunk) {
        int count = 0;
        while (forwards[chunk] + count < microbatches
                && fits(chunk, held + count * chunks.get(chunk).activations())) {
            count++;
        }
        return count;
    }

    /** Whether an F fits when {@code before} is held, and an I after it, with no W in between. */
    private boolean fits(int chunk, double before) {
        return before
                        + Math.max(
                                chunks.get(chunk).activations(),
                                chunks.get(chunk).kept())
                <= limit;
    }

    boolean weightsWait() {
        return !waiting.isEmpty();
    }

    int forwards(int chunk) {
        return forwards[chunk];
    }

    int inputs(int chunk) {
        return inputs[chunk];
    }

    /** When F of a micro-batch ended. */
    double forwardEnd(int chunk, int microbatch) {
        return forwardEnds[chunk][microbatch];
    }

    /** When I of a micro-batch ended. */
    double inputEnd(int chunk, int microbatch) {
        return inputEnds[chunk][microbatch];
    }

    StageCosts.Stage costs(int chunk) {
        return chunks.get(chunk);
    }

    /** Whether so much more may be held. */
    boolean hasRoom(double more) {
        return held + more <= limit;
    }

    /** When the last action so far ends. */
    double end() {
        return end;
    }

    /** Time without work since the first action. */
    double idle() {
        return idle;
    }

    /** From the start of the first action to the end of the last. */
    double span() {
        return end - start;
    }

    List<Slot> slots() {
        return order.slots();
    }
}
