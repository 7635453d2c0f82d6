package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import java.util.List;

/**
 * ZB-V by hand (arXiv 2401.10241, section 6, and the order of its authors' program): two chunks a rank, the second on the way back, so that
 * the first rank has the loss and backward starts where forward did. No bubble when F, I and W take the same time, and no more
 * memory than 1F1B.
 */
final class ZeroBubbleVOrder {
    private static final int DOWN = 0;
    private static final int UP = 1;

    private ZeroBubbleVOrder() {}

    static List<Slot> of(int rank, int ranks, int microbatches) {
        // Its phases need so many micro-batches; where there are fewer, the order leaves the others out.
        int counted = Math.max(2 * ranks - 1, microbatches);
        RankOrder order = RankOrder.of(microbatches, rank, 2 * ranks - 1 - rank);
        order.forwards(DOWN, 2 * (ranks - rank) - 1);
        for (int i = 0; i < rank; i++) {
            order.forward(UP);
            order.forward(DOWN);
        }
        for (int i = rank; i < ranks; i++) {
            all(order, UP);
        }
        while (order.forwardsOf(UP) < counted) {
            if (order.forwardsOf(DOWN) < counted) {
                order.forward(DOWN);
            }
            order.input(DOWN);
            order.weight(DOWN);
            all(order, UP);
        }
        for (int i = 0; i < rank; i++) {
            order.input(DOWN);
            order.input(UP);
        }
        for (int i = rank; i < ranks; i++) {
            order.input(DOWN);
            order.weight(DOWN);
        }
        order.weights(UP);
        order.weights(DOWN);
        return order.slots();
    }

    private static void all(RankOrder order, int chunk) {
        order.forward(chunk);
        order.input(chunk);
        order.weight(chunk);
    }
}
