package dev.braid.trainer.mesh;

import dev.braid.trainer.train.RoutingReplay;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Keeps which experts one rank has chosen, for ranks that divide its micro-batches among them in order. */
final class KeptRouting implements RoutingReplay {
    /** By step and micro-batch. */
    private final List<List<Map<Integer, int[]>>> steps = new ArrayList<>();

    @Override
    public Map<Integer, int[]> experts(int step, int dataRank, int microbatch) {
        return Map.of();
    }

    @Override
    public boolean keeps() {
        return true;
    }

    @Override
    public void chosen(int step, int dataRank, int microbatch, Map<Integer, int[]> experts) {
        if (step == steps.size()) {
            steps.add(new ArrayList<>());
        }
        steps.get(step).add(experts);
    }

    /** The same choice, where each data rank has {@code microbatches} of a step. */
    RoutingReplay replayed(int microbatches) {
        return new RoutingReplay() {
            @Override
            public Map<Integer, int[]> experts(int step, int dataRank, int microbatch) {
                return steps.get(step).get(dataRank * microbatches + microbatch);
            }

            @Override
            public boolean keeps() {
                return false;
            }

            @Override
            public void chosen(int step, int dataRank, int microbatch, Map<Integer, int[]> experts) {}
        };
    }
}
