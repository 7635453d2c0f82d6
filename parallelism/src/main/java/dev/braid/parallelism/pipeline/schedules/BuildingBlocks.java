package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Slot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * V-Half and V-Min (arXiv 2405.15362): one micro-batch's F and I on a V, at fixed ticks on each rank, repeated every six ticks, which
 * leaves two ticks for its W. How far apart the ticks of a micro-batch lie is how long it is held, so the block sets the memory. What
 * this leaves idle at both ends is then taken out by {@link TickPlan}, in that memory.
 */
final class BuildingBlocks {
    /** F and I and W of two chunks. */
    private static final int INTERVAL = 6;

    private final int[][] offsets;

    private BuildingBlocks(int[][] offsets) {
        this.offsets = offsets;
    }

    /** Half the memory of 1F1B. */
    static BuildingBlocks half(int ranks) {
        int shift = ranks % 2 == 0 ? 3 : 0;
        return new BuildingBlocks(IntStream.range(0, ranks)
                .mapToObj(rank -> new int[] {
                    2 * rank, 3 * ranks - rank - 2, 3 * ranks + shift + 2 * rank - 1, 6 * ranks + shift - rank - 2
                })
                .toArray(int[][]::new));
    }

    /** A third of it. */
    static BuildingBlocks least(int ranks) {
        int shift = ranks % 3 == 0 ? 2 : 0;
        return new BuildingBlocks(IntStream.range(0, ranks)
                .mapToObj(rank ->
                        new int[] {rank, 2 * ranks - rank - 1, 2 * ranks + shift + rank, 4 * ranks + shift - rank - 1})
                .toArray(int[][]::new));
    }

    /** The order of each rank. */
    List<List<Slot>> orders(int microbatches) {
        TickPlan repeated = new TickPlan(Arrays.stream(offsets)
                .map(rank -> Arrays.stream(rank)
                        .mapToObj(offset -> IntStream.range(0, microbatches)
                                .map(microbatch -> offset + INTERVAL * microbatch)
                                .toArray())
                        .toArray(int[][]::new))
                .toArray(int[][][]::new));
        TickPlan plan = repeated.withWeights()
                .reordered()
                .squeezed()
                .withoutWeights()
                .reordered()
                .withWeights()
                .squeezed();
        List<List<Slot>> orders = new ArrayList<>();
        for (int rank = 0; rank < offsets.length; rank++) {
            orders.add(order(plan, rank, microbatches));
        }
        return orders;
    }

    private static List<Slot> order(TickPlan plan, int rank, int microbatches) {
        int ranks = plan.ranks();
        RankOrder order = RankOrder.of(microbatches, rank, 2 * ranks - 1 - rank);
        int[] waiting = new int[2];
        for (int part : plan.parts(rank)) {
            switch (part) {
                case TickPlan.FORWARD_DOWN -> order.forward(0);
                case TickPlan.FORWARD_UP -> order.forward(1);
                case TickPlan.INPUT_UP -> {
                    order.input(1);
                    waiting[1]++;
                }
                case TickPlan.INPUT_DOWN -> {
                    order.input(0);
                    waiting[0]++;
                }
                default -> {
                    int chunk = waiting[1] > 0 ? 1 : 0;
                    if (waiting[chunk] > 0) {
                        order.weight(chunk);
                        waiting[chunk]--;
                    }
                }
            }
        }
        order.weights(1);
        order.weights(0);
        return order.slots();
    }
}
