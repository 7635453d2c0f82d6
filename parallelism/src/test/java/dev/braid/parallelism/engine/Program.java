package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.simulated.SimulatedNetwork;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What the ranks of a scenario do: groups, and rounds of operations. A rank starts all operations of a round, in an order of its
 * own as far as that is allowed, and goes on to a later round when what it has in flight is not too old.
 *
 * @param hosts the host of each rank
 * @param groups world ranks of each group; the first group is the world
 * @param lag rounds that a rank may be ahead of its oldest operation in flight
 * @param thinks most simulated nanoseconds that a rank lets pass before it starts its next operation
 */
record Program(
        long seed,
        int ranks,
        int[] hosts,
        Algorithm algorithm,
        SimulatedMemory.Sharing sharing,
        List<List<Integer>> groups,
        List<List<Plan>> rounds,
        int lag,
        long thinks) {
    /** The operations of one round that concern a rank, in an order that is its own. */
    List<Plan> order(int rank, int round) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round * 1009L + rank);
        Map<String, ArrayDeque<Plan>> queues = new LinkedHashMap<>();
        int left = 0;
        for (Plan plan : rounds.get(round)) {
            int place = plan.members().indexOf(rank);
            if (place >= 0 && plan.concerns(place)) {
                queues.computeIfAbsent(plan.queue(), any -> new ArrayDeque<>()).add(plan);
                left++;
            }
        }
        List<ArrayDeque<Plan>> open = new ArrayList<>(queues.values());
        List<Plan> order = new ArrayList<>();
        for (; left > 0; left--) {
            int choice = random.nextInt(open.size());
            order.add(open.get(choice).remove());
            if (open.get(choice).isEmpty()) {
                open.remove(choice);
            }
        }
        return order;
    }

    /** Where a rank lives: a process of its own, on one of the hosts. */
    RankAddress address(SimulatedNetwork network, int rank) {
        RankAddress address = network.transport(rank).address();
        String host = "host-" + hosts[rank];
        return new RankAddress(rank, host, host, address.processId(), address.processKey(), address.endpoints(), "");
    }

    /** All operations. */
    List<Plan> plans() {
        return rounds.stream().flatMap(List::stream).toList();
    }

    /** All of it, an operation a line. */
    String describe() {
        StringBuilder text = new StringBuilder("algorithm " + algorithm + ", memory shared: " + sharing + ", hosts "
                + java.util.Arrays.toString(hosts) + ", lag " + lag + ", thinks " + thinks + " ns\n");
        for (int round = 0; round < rounds.size(); round++) {
            for (Plan plan : rounds.get(round)) {
                text.append("  round ").append(round).append(": ").append(plan).append('\n');
            }
        }
        return text.toString();
    }
}
