package dev.braid.trainer.train;

import java.util.Map;

/** Hears which experts were chosen, and may have others taken instead: to compare layouts, where a near tie could go either way. */
public interface RoutingReplay {
    /** Lets the routers choose, and keeps nothing. */
    RoutingReplay NONE = new RoutingReplay() {
        @Override
        public Map<Integer, int[]> experts(int step, int dataRank, int microbatch) {
            return Map.of();
        }

        @Override
        public boolean keeps() {
            return false;
        }

        @Override
        public void chosen(int step, int dataRank, int microbatch, Map<Integer, int[]> experts) {}
    };

    /** Experts [tokens * slots] by layer that are taken in a micro-batch instead of what the router chooses. */
    Map<Integer, int[]> experts(int step, int dataRank, int microbatch);

    /** Whether {@link #chosen} is to be called. */
    boolean keeps();

    /** The experts that were taken, [tokens * slots] by layer, of the layers that this rank holds; called when the step has run. */
    void chosen(int step, int dataRank, int microbatch, Map<Integer, int[]> experts);
}
