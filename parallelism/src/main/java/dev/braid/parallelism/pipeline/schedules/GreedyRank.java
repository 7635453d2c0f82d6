package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.List;

/** A rank of a {@link GreedyPipeline}: what it has run so far, until when, and what it holds. */
final class GreedyRank {
    /** Memory is a sum of many: what is this much over, relatively, is not over. */
    private static final double ROUNDING = 1e-9;

    private final StageCosts.Stage costs;
    private final int microbatches;
    private final double limit;
    private final RankOrder order;
    private final double[] forwardEnds;
    private final double[] inputEnds;
    private double end;
    private double held;
    private double idle;
    private int forwards;
    private int inputs;
    private int weights;

    GreedyRank(int stage, StageCosts.Stage costs, int microbatches, double limit) {
        this.costs = costs;
        this.microbatches = microbatches;
        this.limit = limit * (1 + ROUNDING);
        this.order = RankOrder.of(microbatches, stage);
        this.forwardEnds = new double[microbatches];
        this.inputEnds = new double[microbatches];
    }

    /** F, not before {@code arrival} of what it needs. */
    void forward(double arrival) {
        run(arrival, costs.forward(), forwards > 0);
        order.forward(0);
        held += costs.activations();
        forwardEnds[forwards++] = end;
    }

    /** I, not before {@code arrival}. */
    void input(double arrival) {
        run(arrival, costs.input(), true);
        order.input(0);
        held += costs.kept() - costs.activations();
        inputEnds[inputs++] = end;
    }

    /** W. */
    void weight() {
        run(end, costs.weight(), true);
        order.weight(0);
        held -= costs.kept();
        weights++;
    }

    private void run(double arrival, double time, boolean started) {
        double start = Math.max(end, arrival);
        if (started) {
            idle += start - end;
        }
        end = start + time;
    }

    /** Runs W until there is room for another F. */
    void makeRoomForForward() {
        while (!fits(held)) {
            weight();
        }
    }

    /** Runs W until there is room for the next I, which may hold more than it frees. */
    void makeRoomForInput() {
        while (held + costs.kept() - costs.activations() > limit && weightsWaiting() > 0) {
            weight();
        }
    }

    /**
     * Fills the time until {@code arrival} with every W that fits into it, and a last gap with one that does not when the rank would
     * else become the idlest of all, or when {@code always}.
     *
     * @param mostIdle time that any rank has been idle
     */
    void fill(double arrival, double mostIdle, boolean always) {
        while (weightsWaiting() > 0 && end + costs.weight() <= arrival) {
            weight();
        }
        if (weightsWaiting() > 0 && end < arrival && (always || arrival - end > mostIdle - idle)) {
            weight();
        }
    }

    /** All W whose I has run. */
    void runWeights() {
        while (weightsWaiting() > 0) {
            weight();
        }
    }

    /** How long the W that must run before another F has room take. */
    double timeToMakeRoom() {
        double left = held;
        int waiting = weightsWaiting();
        double time = 0;
        while (!fits(left) && waiting > 0) {
            left -= costs.kept();
            time += costs.weight();
            waiting--;
        }
        return time;
    }

    /** How many more forwards there is room and work for, W not counted. */
    int forwardsThatFit() {
        int count = 0;
        while (forwards + count < microbatches && fits(held + count * costs.activations())) {
            count++;
        }
        return count;
    }

    /** Whether an F fits when {@code before} is held, and an I after it, with no W in between. */
    private boolean fits(double before) {
        return before + Math.max(costs.activations(), costs.kept()) <= limit;
    }

    boolean hasForwards() {
        return forwards < microbatches;
    }

    int forwardCount() {
        return forwards;
    }

    int inputCount() {
        return inputs;
    }

    private int weightsWaiting() {
        return inputs - weights;
    }

    double forwardEnd(int microbatch) {
        return forwardEnds[microbatch];
    }

    double inputEnd(int microbatch) {
        return inputEnds[microbatch];
    }

    double end() {
        return end;
    }

    double idle() {
        return idle;
    }

    /** From the start of the first action to the end of the last. */
    double span() {
        return end - (forwardEnds[0] - costs.forward());
    }

    StageCosts.Stage costs() {
        return costs;
    }

    List<Slot> slots() {
        return order.slots();
    }
}
