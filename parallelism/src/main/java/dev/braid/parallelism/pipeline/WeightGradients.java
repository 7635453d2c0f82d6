package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.Action.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * How a schedule has the gradients of weights made.
 *
 * @param queued stages in which they wait in a queue: those for which any rank has an I or a W
 * @param last of one rank, for each of its stages and directions the last action that adds to the weights, with its direction
 */
record WeightGradients(Set<Integer> queued, Map<Action, Integer> last) {
    private record Place(int stage, int direction) {}

    static WeightGradients of(Schedule schedule, int rank) {
        Set<Integer> queued = new HashSet<>();
        for (int each = 0; each < schedule.map().ranks(); each++) {
            for (Action action : schedule.actions(each)) {
                if (action.kind() == Kind.I || action.kind() == Kind.W) {
                    queued.add(action.stage());
                }
            }
        }
        Map<Place, Action> last = new HashMap<>();
        for (Action action : schedule.actions(rank)) {
            if (action.kind().addsToWeights()) {
                int direction = schedule.map().direction(action.microbatch(), schedule.microbatches());
                last.put(new Place(action.stage(), direction), action);
            }
        }
        Map<Action, Integer> directions = new HashMap<>();
        last.forEach((place, action) -> directions.put(action, place.direction));
        return new WeightGradients(Set.copyOf(queued), Map.copyOf(directions));
    }

    boolean queued(Action action) {
        return queued.contains(action.stage());
    }

    /** The direction whose gradients of the action's stage are complete after it. */
    OptionalInt completes(Action action) {
        Integer direction = last.get(action);
        return direction == null ? OptionalInt.empty() : OptionalInt.of(direction);
    }
}
