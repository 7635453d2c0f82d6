package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.schedules.RankOrder.Chunk;
import java.util.List;

/**
 * DualPipe (DeepSeek-V3 report, arXiv 2412.19437, figure 5) and DualPipeV, its V-shaped half: two chunks a rank, and in the steady
 * phase the forward of one overlapped with the backward of the other. One program makes both: DualPipe's two halves of the ranks
 * mirror each other, and each is a V that is open at the middle.
 */
final class DualPipeOrder {
    /** The chunk whose micro-batches a rank sees first. */
    private static final int NEAR = 0;

    private static final int FAR = 1;

    private DualPipeOrder() {}

    /** DualPipe: the first half of the micro-batches comes from rank 0, the other from the last rank. */
    static List<Slot> bothWays(int rank, int ranks, int microbatches) {
        int half = microbatches / 2;
        Chunk onward = new Chunk(rank, 0, half);
        Chunk back = new Chunk(ranks - 1 - rank, half, half);
        int fromEnd = Math.min(rank, ranks - 1 - rank);
        RankOrder order = new RankOrder(rank < ranks / 2 ? List.of(onward, back) : List.of(back, onward));
        run(order, ranks / 2 - 1 - fromEnd, fromEnd, half - ranks + fromEnd + 1);
        return order.slots();
    }

    /** DualPipeV: every micro-batch goes to the last rank and back. */
    static List<Slot> vShaped(int rank, int ranks, int microbatches) {
        RankOrder order = RankOrder.of(microbatches, rank, 2 * ranks - 1 - rank);
        run(order, ranks - 1 - rank, rank, microbatches - 2 * ranks + rank + 1);
        return order.slots();
    }

    /**
     * The eight phases.
     *
     * @param inner ranks between this one and the turn
     * @param outer ranks between this one and the end where micro-batches come in
     * @param steady rounds of overlapped pairs
     */
    private static void run(RankOrder order, int inner, int outer, int steady) {
        order.forwards(NEAR, 2 * inner);
        for (int i = 0; i <= outer; i++) {
            order.forward(NEAR);
            order.forward(FAR);
        }
        for (int i = 0; i < inner; i++) {
            order.input(FAR);
            order.weight();
            order.forward(FAR);
        }
        for (int i = 0; i < steady; i++) {
            if (i == 0 && inner == 0) {
                // At the turn nothing is under way yet that an overlap could hide: one after the other ends sooner.
                order.forward(NEAR);
                order.backward(FAR);
            } else {
                order.pair(NEAR, FAR);
            }
            order.pair(FAR, NEAR);
        }
        for (int i = 0; i < inner; i++) {
            order.backward(FAR);
            order.pair(FAR, NEAR);
        }
        drain(order, outer);
        for (int i = 0; i < inner; i++) {
            order.weight();
            order.input(NEAR);
        }
        order.weights();
    }

    /** The last backwards of a rank: the later half of them keeps its weight gradients for the wait at the end. */
    private static void drain(RankOrder order, int outer) {
        for (int i = 0; i < 2 * (outer + 1); i++) {
            int chunk = i % 2 == 0 ? FAR : NEAR;
            if (i > outer) {
                order.input(chunk);
            } else {
                order.backward(chunk);
            }
        }
    }
}
