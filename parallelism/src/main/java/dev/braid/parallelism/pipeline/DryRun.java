package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.Transfers.Link;
import dev.braid.parallelism.pipeline.Transfers.Transfer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Runs a schedule's transfers over links that block: who takes waits until there is something, who hands over waits until the link
 * has room. A link holds as many results as the pipeline has ranks; most schedules need room for one, interleaved ones whose groups
 * of micro-batches are larger than the number of ranks for half as many as ranks. Such waits do not depend on how long actions take,
 * so that one run shows whether any would not end. Only for schedules that take in the order in which they send.
 */
final class DryRun {
    private final Schedule schedule;
    private final List<List<Transfer>> transfers;
    private final int[] next;
    private final Map<Link, Integer> held = new HashMap<>();

    private DryRun(Schedule schedule, List<List<Transfer>> transfers) {
        this.schedule = schedule;
        this.transfers = transfers;
        this.next = new int[transfers.size()];
    }

    /** The ranks that come to wait for each other, if any do. */
    static Optional<ScheduleFault> deadlock(Schedule schedule, List<List<Transfer>> transfers) {
        return new DryRun(schedule, transfers).run();
    }

    private Optional<ScheduleFault> run() {
        Deque<Integer> ready = new ArrayDeque<>();
        IntStream.range(0, next.length).forEach(ready::add);
        while (!ready.isEmpty()) {
            int rank = ready.remove();
            while (waitsFor(rank) < 0 && next[rank] < transfers.get(rank).size()) {
                Transfer transfer = current(rank);
                held.merge(transfer.link(), transfer.taking() ? -1 : 1, Integer::sum);
                next[rank]++;
                ready.add(peer(transfer));
            }
        }
        return IntStream.range(0, next.length)
                .filter(rank -> next[rank] < transfers.get(rank).size())
                .boxed()
                .findFirst()
                .map(this::fault);
    }

    private Transfer current(int rank) {
        return transfers.get(rank).get(next[rank]);
    }

    private static int peer(Transfer transfer) {
        return transfer.taking() ? transfer.link().from() : transfer.link().to();
    }

    /** The rank that must act first, or -1. */
    private int waitsFor(int rank) {
        if (next[rank] == transfers.get(rank).size()) {
            return -1;
        }
        Transfer transfer = current(rank);
        int results = held.getOrDefault(transfer.link(), 0);
        return (transfer.taking() ? results > 0 : results < next.length) ? -1 : peer(transfer);
    }

    private ScheduleFault fault(int blocked) {
        List<Integer> circle = circle(blocked);
        List<String> waits = new ArrayList<>();
        for (int rank : circle) {
            Transfer transfer = current(rank);
            waits.add("rank " + rank
                    + (transfer.taking()
                            ? " waits at " + action(rank) + " for rank " + peer(transfer)
                            : " cannot hand over what " + action(rank) + " made before rank " + peer(transfer)
                                    + " has taken some of the " + next.length + " results that came before"));
        }
        int first = circle.getFirst();
        return new ScheduleFault(
                ScheduleFault.Rule.DEADLOCK,
                first,
                current(first).position(),
                action(first),
                "ranks wait for each other: " + String.join("; ", waits));
    }

    /** Ranks each of which waits for the next one, and the last one for the first. */
    private List<Integer> circle(int blocked) {
        List<Integer> path = new ArrayList<>();
        int rank = blocked;
        while (!path.contains(rank)) {
            path.add(rank);
            rank = waitsFor(rank);
        }
        return path.subList(path.indexOf(rank), path.size());
    }

    private Action action(int rank) {
        return schedule.actions(rank).get(current(rank).position());
    }
}
