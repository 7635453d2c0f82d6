package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import java.util.List;

/** The orders of schedules by hand in which a rank has one stage. */
final class OneChunkOrders {
    private OneChunkOrders() {}

    /** GPipe (arXiv 1811.06965): all forwards, then all backwards, here in the order of micro-batches, as sums need it. */
    static List<Slot> gpipe(int rank, int microbatches) {
        RankOrder order = RankOrder.of(microbatches, rank);
        order.forwards(0, microbatches);
        order.backwards(0, microbatches);
        return order.slots();
    }

    /** 1F1B (PipeDream-Flush, arXiv 2006.09503): warms up with a forward for each rank behind, then a backward for each forward. */
    static List<Slot> oneForwardOneBackward(int rank, int ranks, int microbatches) {
        int warmUp = Math.min(microbatches, ranks - 1 - rank);
        RankOrder order = RankOrder.of(microbatches, rank);
        order.forwards(0, warmUp);
        for (int i = warmUp; i < microbatches; i++) {
            order.forward(0);
            order.backward(0);
        }
        order.backwards(0, warmUp);
        return order.slots();
    }

    /**
     * ZB-H1 and ZB-H2 (arXiv 2401.10241): 1F1B with {@code depth} forwards of warm-up for each rank behind, and weight gradients so
     * late that all ranks start them at the same time.
     *
     * @param depth 1 for H1, which needs no more memory than 1F1B, 2 for H2, which has no bubble from 2 x ranks micro-batches on
     */
    static List<Slot> zeroBubble(int rank, int ranks, int microbatches, int depth) {
        int warmUp = depth * (ranks - 1 - rank);
        int firstWeight = depth * (ranks - 1);
        RankOrder order = RankOrder.of(microbatches, rank);
        order.forwards(0, Math.min(warmUp, microbatches));
        for (int i = 0; i < microbatches; i++) {
            if (warmUp + i < microbatches) {
                order.forward(0);
            }
            order.input(0);
            if (warmUp + i >= firstWeight) {
                order.weight();
            }
        }
        order.weights();
        return order.slots();
    }
}
