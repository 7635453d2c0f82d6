package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Interleaved 1F1B (arXiv 2104.04473): a rank has several chunks, a round of the ranks apart, and takes a group of micro-batches
 * through each before it turns to the next chunk. A group has as many micro-batches as there are ranks; where they are no multiple
 * of the ranks, there is one group less, and the others share the rest.
 */
final class InterleavedOrder {
    private final int ranks;
    private final int microbatches;
    private final int chunks;
    private final int smallGroup;
    private final int largeGroups;

    private InterleavedOrder(int ranks, int microbatches, int chunks) {
        this.ranks = ranks;
        this.microbatches = microbatches;
        this.chunks = chunks;
        int groups = Math.max(1, microbatches / ranks);
        this.smallGroup = microbatches / groups;
        this.largeGroups = microbatches % groups;
    }

    static List<Slot> of(int rank, int ranks, int microbatches, int chunks) {
        return new InterleavedOrder(ranks, microbatches, chunks).order(rank);
    }

    private List<Slot> order(int rank) {
        int all = microbatches * chunks;
        int group = smallGroup + (largeGroups > 0 ? 1 : 0);
        int warmUp = Math.min(all, (chunks - 1) * group + 2 * (ranks - 1 - rank));
        RankOrder order = RankOrder.of(
                microbatches,
                IntStream.range(0, chunks).map(chunk -> chunk * ranks + rank).toArray());
        for (int i = 0; i < warmUp; i++) {
            order.forward(chunk(i));
        }
        for (int i = 0; i < all; i++) {
            if (warmUp + i < all) {
                order.forward(chunk(warmUp + i));
            }
            order.backward(chunks - 1 - chunk(i));
        }
        return order.slots();
    }

    /** Whose turn the forward of this number is. */
    private int chunk(int number) {
        int large = smallGroup + 1;
        int inLarge = largeGroups * large * chunks;
        return number < inLarge ? number / large % chunks : (number - inLarge) / smallGroup % chunks;
    }
}
