package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * One variant of the greedy search for an order on a V (arXiv 2401.10241, section 6, and its authors' program): warm up with F until
 * the first micro-batch is back, as far as memory allows; then an I and an F on each rank in turn, of the chunk whose input is there;
 * W where it fits into a gap, where memory is full, or where the rank would else be idle longer than any other; the rest of W at the
 * end.
 */
final class GreedyVPipeline {
    private static final int DOWN = 0;
    private static final int UP = 1;

    /**
     * Where the search has a choice.
     *
     * @param fillsBeforeForward whether W also runs in a gap before an F which it does not fit into
     * @param fillsBeforeInput the same before an I on the way back from the last stage
     * @param idleBefore how long each rank was idle in an earlier search, which this one is to better; empty when there was none
     */
    record Rules(boolean fillsBeforeForward, boolean fillsBeforeInput, List<Double> idleBefore) {
        /** The same, to better a search that left ranks idle for so long. */
        Rules after(List<Double> idle) {
            return new Rules(fillsBeforeForward, fillsBeforeInput, idle);
        }
    }

    private final List<GreedyRank> ranks;
    private final int microbatches;
    private final double communication;
    private final Rules rules;
    private final double mostIdleBefore;
    private boolean stuck;

    GreedyVPipeline(int microbatches, StageCosts costs, double limit, Rules rules) {
        this.microbatches = microbatches;
        this.communication = costs.communication();
        this.rules = rules;
        this.mostIdleBefore = rules.idleBefore().isEmpty() ? 0 : Collections.max(rules.idleBefore());
        int count = costs.stages().size() / 2;
        this.ranks = IntStream.range(0, count)
                .mapToObj(rank -> new GreedyRank(new int[] {rank, 2 * count - 1 - rank}, costs, microbatches, limit))
                .toList();
    }

    /** Searches, and says whether an order was found: for many sets of unequal stages these rules find none in their memory. */
    boolean run() {
        for (int index = 0; index < ranks.size(); index++) {
            forward(index, DOWN);
        }
        warmUp();
        equalize();
        int before = -1;
        while (!stuck && left() > 0) {
            stuck = left() == before;
            before = left();
            inputs();
            forwards();
        }
        ranks.forEach(GreedyRank::weights);
        return !stuck;
    }

    /** The longest of the ranks' spans. */
    double span() {
        return ranks.stream().mapToDouble(GreedyRank::span).max().orElseThrow();
    }

    /** How long each rank was idle. */
    List<Double> idle() {
        return ranks.stream().map(GreedyRank::idle).toList();
    }

    /** The order of each rank. */
    List<List<Slot>> orders() {
        return ranks.stream().map(GreedyRank::slots).toList();
    }

    /** The first micro-batch comes back; while it is away, ranks run more F on the way down, and those before them with them. */
    private void warmUp() {
        for (int index = ranks.size() - 1; index >= 0 && !stuck; index--) {
            while (hasTimeForMore(index) && !stuck) {
                for (int before = 0; before <= index; before++) {
                    forward(before, DOWN);
                }
            }
            forward(index, UP);
        }
    }

    /** Whether a rank can run an F before the first micro-batch is back, and keep room for those that follow from it. */
    private boolean hasTimeForMore(int index) {
        OptionalDouble back = forwardArrival(index, UP);
        if (index + 1 == ranks.size() || back.isEmpty() || ranks.getFirst().forwards(DOWN) == microbatches) {
            return false;
        }
        GreedyRank rank = ranks.get(index);
        StageCosts.Stage costs = rank.costs(DOWN);
        return rank.hasRoom((2 + 2 * index) * costs.activations())
                && rank.end() + costs.forward() <= back.getAsDouble();
    }

    /** Every rank gets as many F as the first one, down and up in turn, the last rank first. */
    private void equalize() {
        int chunk = DOWN;
        for (int index = 1; index < ranks.size(); index++) {
            int turnsWithout = 0;
            while (!stuck && isBehind(index) && turnsWithout < 2) {
                turnsWithout++;
                for (int rank = ranks.size() - 1; rank >= index; rank--) {
                    if (forwardArrival(rank, chunk).isPresent()) {
                        forward(rank, chunk);
                        turnsWithout = 0;
                    }
                }
                chunk = 1 - chunk;
            }
        }
    }

    private boolean isBehind(int index) {
        GreedyRank rank = ranks.get(index);
        GreedyRank before = ranks.get(index - 1);
        boolean starves = rank.forwards(UP) <= before.forwards(UP) && before.forwards(UP) < microbatches;
        return starves || rank.forwards(DOWN) + rank.forwards(UP) < before.forwards(DOWN) + before.forwards(UP);
    }

    /** How many F and I are still to come. */
    private int left() {
        return ranks.stream()
                .mapToInt(rank -> 4 * microbatches
                        - rank.forwards(DOWN)
                        - rank.forwards(UP)
                        - rank.inputs(DOWN)
                        - rank.inputs(UP))
                .sum();
    }

    /** One I on every rank that can run one. */
    private void inputs() {
        List<Integer> first = new ArrayList<>();
        List<Integer> second = new ArrayList<>();
        for (int index = 0; index < ranks.size(); index++) {
            if (isInputOfDownNext(index)) {
                first.addFirst(index);
            } else {
                second.add(index);
            }
        }
        first.forEach(index -> input(index, DOWN));
        second.forEach(index -> input(index, UP));
    }

    /** Whether a rank's next I is one of its first chunk: when the gradient for it is there, or no other is left. */
    private boolean isInputOfDownNext(int index) {
        GreedyRank rank = ranks.get(index);
        return rank.inputs(DOWN) < rank.inputs(UP)
                && (rank.inputs(UP) == microbatches || inputArrival(index, DOWN).isPresent());
    }

    /** One F on every rank that can run one. */
    private void forwards() {
        for (int index = 0; index < ranks.size(); index++) {
            GreedyRank rank = ranks.get(index);
            int chunk = rank.forwards(UP) < rank.forwards(DOWN)
                            && forwardArrival(index, UP).isPresent()
                    ? UP
                    : DOWN;
            OptionalDouble arrival = forwardArrival(index, chunk);
            if (arrival.isPresent() && rank.makeRoomForForward(chunk)) {
                fill(index, arrival.getAsDouble(), rules.fillsBeforeForward());
                rank.forward(chunk, arrival.getAsDouble());
            }
        }
    }

    private void forward(int index, int chunk) {
        OptionalDouble arrival = forwardArrival(index, chunk);
        GreedyRank rank = ranks.get(index);
        stuck |= arrival.isEmpty() || !rank.makeRoomForForward(chunk);
        if (!stuck) {
            rank.forward(chunk, arrival.getAsDouble());
        }
    }

    private void input(int index, int chunk) {
        OptionalDouble arrival = inputArrival(index, chunk);
        GreedyRank rank = ranks.get(index);
        if (arrival.isPresent() && rank.makeRoomForInput(chunk)) {
            fill(index, arrival.getAsDouble(), chunk == DOWN || rules.fillsBeforeInput());
            rank.input(chunk, arrival.getAsDouble());
        }
    }

    /** Fills the time until {@code arrival} with every W that fits into it, and where {@code all} also a gap that would be the worst. */
    private void fill(int index, double arrival, boolean all) {
        GreedyRank rank = ranks.get(index);
        rank.weightsUntil(arrival);
        double allowed = rules.idleBefore().isEmpty()
                ? 0
                : mostIdleBefore - rules.idleBefore().get(index);
        double mostIdle = ranks.stream().mapToDouble(GreedyRank::idle).max().orElseThrow();
        if (all && rank.weightsWait() && arrival - rank.end() > Math.max(allowed, mostIdle) - rank.idle()) {
            rank.weight();
        }
    }

    /**
     * When what a rank's next F of a chunk needs arrives; empty when it has not run, or all micro-batches have passed, or the next
     * rank is so far behind that results fill the link to it.
     */
    private OptionalDouble forwardArrival(int index, int chunk) {
        GreedyRank rank = ranks.get(index);
        int next = rank.forwards(chunk);
        int from = chunk == DOWN ? index - 1 : index + 1;
        int to = chunk == DOWN ? index + 1 : index - 1;
        if (next == microbatches || has(to) && next - ranks.get(to).forwards(chunk) >= ranks.size()) {
            return OptionalDouble.empty();
        }
        if (from < 0) {
            return OptionalDouble.of(0);
        }
        if (from == ranks.size()) {
            return rank.forwards(DOWN) > next ? OptionalDouble.of(0) : OptionalDouble.empty();
        }
        GreedyRank source = ranks.get(from);
        return source.forwards(chunk) > next
                ? OptionalDouble.of(source.forwardEnd(chunk, next) + communication)
                : OptionalDouble.empty();
    }

    /** The same of a rank's next I. */
    private OptionalDouble inputArrival(int index, int chunk) {
        GreedyRank rank = ranks.get(index);
        int next = rank.inputs(chunk);
        int from = chunk == UP ? index - 1 : index + 1;
        int to = chunk == UP ? index + 1 : index - 1;
        if (next == microbatches || has(to) && next - ranks.get(to).inputs(chunk) >= ranks.size()) {
            return OptionalDouble.empty();
        }
        if (from < 0) {
            return rank.forwards(UP) > next ? OptionalDouble.of(0) : OptionalDouble.empty();
        }
        if (from == ranks.size()) {
            return rank.inputs(UP) > next ? OptionalDouble.of(0) : OptionalDouble.empty();
        }
        GreedyRank source = ranks.get(from);
        return source.inputs(chunk) > next
                ? OptionalDouble.of(source.inputEnd(chunk, next) + communication)
                : OptionalDouble.empty();
    }

    private boolean has(int index) {
        return index >= 0 && index < ranks.size();
    }
}
