package dev.braid.parallelism.pipeline;

import java.util.List;

/**
 * What every rank of a pipeline does in a step, in order. A value: it can be printed, checked, simulated and compared without a
 * model.
 *
 * @param name such as {@code zb-h1}
 * @param map which rank runs which stage
 * @param microbatches of a step
 * @param ranks the order of each rank
 * @param settles whether all ranks are to agree on the gradient's norm before any takes its optimizer step; the bubble of a schedule
 *     that does without is counted from a rank's first action to its last
 */
public record Schedule(String name, StageMap map, int microbatches, List<List<Slot>> ranks, boolean settles) {
    public Schedule {
        ranks = ranks.stream().map(List::copyOf).toList();
        if (ranks.size() != map.ranks()) {
            throw new IllegalArgumentException(
                    "schedule " + name + " has the orders of " + ranks.size() + " ranks for " + map.ranks());
        }
    }

    /** The rank that runs {@code stage} for {@code microbatch}. */
    public int rank(int stage, int microbatch) {
        return map.rank(map.direction(microbatch, microbatches), stage);
    }

    /** All actions of a rank in order, pairs one after the other. */
    public List<Action> actions(int rank) {
        return ranks.get(rank).stream().flatMap(slot -> slot.actions().stream()).toList();
    }
}
