package dev.braid.parallelism.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What training asks of the placement of stages, beyond their order: gradients of copies are summed over two ranks at most. */
public final class PlacementRules {
    private PlacementRules() {}

    /** Why the copies of stages can't be trained with {@code map}, a line for each such stage; empty when they can. */
    public static List<String> faults(StageMap map) {
        List<String> faults = new ArrayList<>();
        for (int stage = 0; stage < map.stages(); stage++) {
            List<Integer> ranks = map.ranksOf(stage);
            if (ranks.size() > 2) {
                faults.add("stage " + stage + " is on the ranks " + ranks
                        + " of the pipeline; at most two may hold the same stage");
            } else if (ranks.size() < map.directions().size()) {
                faults.add("stage " + stage + " is on the ranks " + ranks + " of the pipeline for "
                        + map.directions().size()
                        + " directions, whose gradients add up apart; give each direction a rank"
                        + " of its own");
            }
        }
        return faults;
    }

    /**
     * Why a unit of the first stage can't be tied to one of the last with {@code map}; empty when it can.
     *
     * @param first name of the unit in the first stage
     * @param last name of the unit in the last stage
     */
    public static Optional<String> tiedFault(StageMap map, String first, String last) {
        return tiedFault(first, map.ranksOf(0), last, map.ranksOf(map.stages() - 1));
    }

    /** Why a unit on the ranks {@code here} can't be tied to one on the ranks {@code there}; empty when it can. */
    public static Optional<String> tiedFault(String unit, List<Integer> here, String other, List<Integer> there) {
        if (Set.copyOf(here).equals(Set.copyOf(there)) || here.size() + there.size() <= 2) {
            return Optional.empty();
        }
        return Optional.of("the tied units " + unit + " and " + other + " are on the ranks " + here + " and " + there
                + " of the pipeline: they must be on the same ranks, or each on one; place the first and the last"
                + " stage so, or set model.tie_embeddings to false");
    }
}
