package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Interleaved 1F1B (arXiv 2104.04473): a rank has several chunks, a round of the ranks apart, and takes as many micro-batches
 * through each as there are ranks before it turns to the next chunk. Where the micro-batches are no multiple of the ranks, as many
 * each of the groups of at least that many has, which is what PyTorch does too.
 */
final class InterleavedOrder {
    private InterleavedOrder() {}

    /** Whether the micro-batches divide into equal groups. */
    static boolean defined(int ranks, int microbatches) {
        return microbatches % groups(ranks, microbatches) == 0;
    }

    static List<Slot> of(int rank, int ranks, int microbatches, int chunks) {
        int group = microbatches / groups(ranks, microbatches);
        int all = microbatches * chunks;
        int warmUp = Math.min(all, (chunks - 1) * group + 2 * (ranks - 1 - rank));
        RankOrder order = RankOrder.of(
                microbatches,
                IntStream.range(0, chunks).map(chunk -> chunk * ranks + rank).toArray());
        for (int i = 0; i < warmUp; i++) {
            order.forward(i / group % chunks);
        }
        for (int i = 0; i < all; i++) {
            if (warmUp + i < all) {
                order.forward((warmUp + i) / group % chunks);
            }
            order.backward(chunks - 1 - i / group % chunks);
        }
        return order.slots();
    }

    private static int groups(int ranks, int microbatches) {
        return Math.max(1, microbatches / ranks);
    }
}
