package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One variant of the greedy search for a zero-bubble order (arXiv 2401.10241, section 3.1): warm up with as many F as memory allows
 * and the first I leaves time for; then alternate F and I on every rank; run W where it fits into a gap, where memory is full, or
 * where the rank would else be idle longer than any other; the rest of W at the end.
 *
 * <p>Actions are placed in an order in which each has what it needs, so that no order that comes out can deadlock.
 */
final class GreedyPipeline {
    /**
     * Where the search has a choice.
     *
     * @param waitsForFirstInput whether warm-up starts no F that would delay the first I
     * @param backwardFirst whether a rank that is two F ahead of the next one puts an F off which would delay an I
     * @param fillsAnyGap whether W runs in a gap that is too short for it even on a rank that is not the idlest
     */
    record Rules(boolean waitsForFirstInput, boolean backwardFirst, boolean fillsAnyGap) {}

    private final List<GreedyRank> ranks;
    private final int microbatches;
    private final double communication;
    private final Rules rules;

    private GreedyPipeline(int microbatches, StageCosts costs, double limit, Rules rules) {
        this.microbatches = microbatches;
        this.communication = costs.communication();
        this.rules = rules;
        this.ranks = IntStream.range(0, costs.stages().size())
                .mapToObj(stage -> new GreedyRank(new int[] {stage}, costs, microbatches, limit))
                .toList();
    }

    /** Searches by the rules; there is always an order. */
    static GreedyPipeline run(int microbatches, StageCosts costs, double limit, Rules rules) {
        GreedyPipeline pipeline = new GreedyPipeline(microbatches, costs, limit, rules);
        pipeline.run();
        return pipeline;
    }

    private void run() {
        warmUp();
        inputs(false);
        for (int i = 1; i < microbatches; i++) {
            forwards();
            inputs(true);
        }
        ranks.forEach(GreedyRank::weights);
    }

    /** The longest of the ranks' spans. */
    double span() {
        return ranks.stream().mapToDouble(GreedyRank::span).max().orElseThrow();
    }

    List<List<Slot>> orders() {
        return ranks.stream().map(GreedyRank::slots).toList();
    }

    private void warmUp() {
        for (int rank = 0; rank < ranks.size(); rank++) {
            ranks.get(rank).forward(0, forwardArrival(rank));
        }
        int[] more = moreForwards();
        for (int rank = 0; rank < ranks.size(); rank++) {
            for (int i = 0; i < more[rank]; i++) {
                ranks.get(rank).forward(0, forwardArrival(rank));
            }
        }
    }

    /**
     * How many forwards after the first each rank runs before its first I. No more than the number of ranks ahead of the next one:
     * results that nobody takes yet fill a link.
     */
    private int[] moreForwards() {
        int[] more = new int[ranks.size()];
        GreedyRank last = ranks.getLast();
        double inputEnd = last.end() + last.costs(0).input();
        for (int index = ranks.size() - 2; index >= 0; index--) {
            GreedyRank rank = ranks.get(index);
            double arrival = inputEnd + communication;
            double time = rank.end();
            int fitting = Math.min(rank.forwardsThatFit(0), more[index + 1] + ranks.size());
            while (more[index] < fitting && forwardStarts(time, rank.costs(0).forward(), arrival)) {
                time += rank.costs(0).forward();
                more[index]++;
            }
            inputEnd = Math.max(time, arrival) + rank.costs(0).input();
        }
        // A rank is a forward ahead of the next one at least, or that one would wait for it.
        for (int index = 1; index < more.length; index++) {
            boolean all = Math.min(more[index - 1], more[index]) + 1 == microbatches;
            if (!all) {
                more[index] = Math.min(more[index], Math.max(0, more[index - 1] - 1));
            }
        }
        return more;
    }

    private boolean forwardStarts(double time, double duration, double arrival) {
        return rules.waitsForFirstInput() ? time + duration <= arrival : time < arrival;
    }

    private void forwards() {
        boolean[] wanted = new boolean[ranks.size()];
        boolean wantedBehind = true;
        for (int rank = ranks.size() - 1; rank >= 0; rank--) {
            wantedBehind &= wantsForward(rank);
            wanted[rank] = wantedBehind;
        }
        for (int index = 0; index < ranks.size(); index++) {
            if (wanted[index]) {
                GreedyRank rank = ranks.get(index);
                rank.makeRoomForForward(0);
                if (index > 0) {
                    fill(rank, forwardArrival(index));
                }
                rank.forward(0, forwardArrival(index));
            }
        }
    }

    private boolean wantsForward(int index) {
        GreedyRank rank = ranks.get(index);
        if (rank.forwards(0) == microbatches) {
            return false;
        }
        if (index + 1 == ranks.size() || !rules.backwardFirst()) {
            return true;
        }
        GreedyRank next = ranks.get(index + 1);
        if (rank.forwards(0) < next.forwards(0) + 2) {
            return true;
        }
        double arrival = next.end() + next.costs(0).forward() + next.costs(0).input() + communication;
        if (rank.end() >= arrival) {
            return false;
        }
        boolean delaysInput = rank.end() + rank.costs(0).forward() + rank.timeToMakeRoom(0) > arrival;
        return !delaysInput || arrival - rank.end() > mostIdle() - rank.idle();
    }

    /** The next I of each rank, after the W that fill the wait for it. */
    private void inputs(boolean fill) {
        for (int index = ranks.size() - 1; index >= 0; index--) {
            GreedyRank rank = ranks.get(index);
            if (fill) {
                rank.makeRoomForInput(0);
                if (index + 1 < ranks.size()) {
                    fill(rank, inputArrival(index));
                }
                if (index == 0 && rank.forwards(0) == microbatches) {
                    rank.weights();
                }
            }
            rank.input(0, inputArrival(index));
        }
    }

    /**
     * Fills the time until {@code arrival} with every W that fits into it, and the rest of it with one that does not where the rank
     * would else become the idlest of all, or where the rules say so.
     */
    private void fill(GreedyRank rank, double arrival) {
        rank.weightsUntil(arrival);
        double gap = arrival - rank.end();
        boolean idlest = gap > mostIdle() - rank.idle();
        if (rank.weightsWait() && gap > 0 && (idlest || rules.fillsAnyGap())) {
            rank.weight();
        }
    }

    /** When the input of a rank's next F arrives. */
    private double forwardArrival(int index) {
        return index == 0
                ? 0
                : ranks.get(index - 1).forwardEnd(0, ranks.get(index).forwards(0)) + communication;
    }

    /** When the gradient for a rank's next I arrives; it comes from the rank's own F at the last one. */
    private double inputArrival(int index) {
        return index + 1 == ranks.size()
                ? 0
                : ranks.get(index + 1).inputEnd(0, ranks.get(index).inputs(0)) + communication;
    }

    private double mostIdle() {
        return ranks.stream().mapToDouble(GreedyRank::idle).max().orElseThrow();
    }
}
