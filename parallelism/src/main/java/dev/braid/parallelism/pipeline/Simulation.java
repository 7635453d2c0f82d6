package dev.braid.parallelism.pipeline;

import java.util.List;

/**
 * A schedule with the time of every action.
 *
 * @param schedule that was simulated
 * @param costs of its stages
 * @param ranks for each rank its actions in order; those of a pair that runs together have the same times
 */
public record Simulation(Schedule schedule, StageCosts costs, List<List<TimedAction>> ranks) {
    /** A copy. */
    public Simulation {
        ranks = ranks.stream().map(List::copyOf).toList();
    }

    /** Time from the first action of any rank to the last one of any rank. */
    public double makespan() {
        return ranks.stream().mapToDouble(Simulation::end).max().orElse(0);
    }

    /** The longest time from a rank's own first action to its own last one. */
    public double span() {
        return ranks.stream()
                .mapToDouble(rank ->
                        end(rank) - (rank.isEmpty() ? 0 : rank.getFirst().start()))
                .max()
                .orElse(0);
    }

    /**
     * What a step takes when one follows the other: the makespan when all ranks agree on a norm before they step their optimizers;
     * else a rank begins the next step as soon as it can, and the span counts.
     */
    public double cost() {
        return schedule.settles() ? makespan() : span();
    }

    /** Time for which a rank computes. */
    public double work(int rank) {
        return schedule.actions(rank).stream().mapToDouble(costs::time).sum();
    }

    /** The share of a step's {@link #cost} in which the rank with the most work does none. */
    public double bubbleRate() {
        double most = 0;
        for (int rank = 0; rank < ranks.size(); rank++) {
            most = Math.max(most, work(rank));
        }
        return idle(most);
    }

    /** The share of a step's {@link #cost} in which {@code rank} does not compute. */
    public double bubbleRate(int rank) {
        return idle(work(rank));
    }

    /** The most activations that {@code rank} holds at a time, in units of the costs. */
    public double peak(int rank) {
        return ActivationMemory.peak(schedule.actions(rank), costs);
    }

    private double idle(double work) {
        double cost = cost();
        return cost == 0 ? 0 : (cost - work) / cost;
    }

    private static double end(List<TimedAction> rank) {
        return rank.isEmpty() ? 0 : rank.getLast().end();
    }
}
