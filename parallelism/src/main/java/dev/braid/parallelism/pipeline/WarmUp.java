package dev.braid.parallelism.pipeline;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The part of a step that no gradient takes part in: of each rank's order the longest beginning of forwards that need nothing but
 * forwards of other ranks' beginnings and add to no gradient. It can be run before it is certain that the step before was right,
 * and be thrown away. Found by a dry run over all ranks, so that all ranks come to the same answer.
 *
 * @param lengths number of actions of each rank
 */
record WarmUp(List<RankActions> orders, List<Integer> lengths) {
    static WarmUp of(Schedule schedule) {
        List<RankActions> orders = IntStream.range(0, schedule.map().ranks())
                .mapToObj(rank -> RankActions.of(schedule, rank))
                .toList();
        int[] lengths = new int[orders.size()];
        int[] singles = new int[orders.size()];
        for (int rank = 0; rank < singles.length; rank++) {
            singles[rank] = leadingForwards(schedule, rank);
        }
        Set<Edge> made = new HashSet<>();
        boolean progress = true;
        while (progress) {
            progress = false;
            for (int rank = 0; rank < lengths.length; rank++) {
                RankActions order = orders.get(rank);
                while (lengths[rank] < singles[rank]) {
                    Action next = order.actions().get(lengths[rank]);
                    Optional<Edge> needed = order.into(next);
                    if (needed.isPresent() && !made.contains(needed.get())) {
                        break;
                    }
                    order.outOf(next).ifPresent(made::add);
                    lengths[rank]++;
                    progress = true;
                }
            }
        }
        return new WarmUp(orders, IntStream.of(lengths).boxed().toList());
    }

    /**
     * A forward that is paired with a backward does not count: both are one place in the order. Nor does that of the last stage
     * where weight gradients do not wait: a loss then adds its head's at once.
     */
    private static int leadingForwards(Schedule schedule, int rank) {
        WeightGradients weights = WeightGradients.of(schedule, rank);
        int count = 0;
        for (Slot slot : schedule.ranks().get(rank)) {
            Action first = slot.actions().getFirst();
            boolean loss = first.stage() == schedule.map().stages() - 1;
            if (slot.paired() || first.kind() != Action.Kind.F || loss && !weights.queued(first)) {
                break;
            }
            count++;
        }
        return count;
    }

    /** Number of actions of {@code rank}. */
    int length(int rank) {
        return lengths.get(rank);
    }

    /** How many of the first things that {@code rank} receives are sent by other ranks' beginnings. */
    int certain(int rank) {
        Set<Edge> sent = new HashSet<>(sentTo(rank));
        List<Edge> received =
                orders.get(rank).received(orders.get(rank).actions().size());
        int count = 0;
        while (count < received.size() && sent.contains(received.get(count))) {
            count++;
        }
        return count;
    }

    /** What other ranks' beginnings send to {@code rank} and its own does not take. */
    List<Edge> left(int rank) {
        List<Edge> left = new ArrayList<>(sentTo(rank));
        left.removeAll(orders.get(rank).received(length(rank)));
        return left;
    }

    private List<Edge> sentTo(int rank) {
        List<Edge> edges = new ArrayList<>();
        for (RankActions order : orders) {
            if (order.rank() != rank) {
                edges.addAll(order.sent(length(order.rank()), rank));
            }
        }
        return edges;
    }
}
