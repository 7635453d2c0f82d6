package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.simulated.ScheduledFault.Cut;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Link;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Partition;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Slow;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Stop;
import java.util.ArrayList;
import java.util.List;

/** The scheduled faults of a run, sorted by what asks for them. */
final class FaultSchedule {
    final List<Kill> kills = new ArrayList<>();
    final List<Cut> cuts = new ArrayList<>();
    final List<Stop> stops = new ArrayList<>();

    private final List<Partition> partitions = new ArrayList<>();
    private final List<Slow> slow = new ArrayList<>();
    private final int ranks;

    FaultSchedule(int ranks, List<ScheduledFault> faults) {
        this.ranks = ranks;
        faults.forEach(this::add);
    }

    private void add(ScheduledFault fault) {
        switch (fault) {
            case Kill kill -> kills.add(kill);
            case Cut cut -> cuts.add(cut);
            case Stop stop -> stops.add(stop);
            case Partition partition -> partitions.add(partition);
            case Slow one -> slow.add(one);
        }
        switch (fault) {
            case Kill kill -> require(kill.rank(), fault);
            case Cut cut -> require(cut.link(), fault);
            case Stop stop -> require(stop.rank(), fault);
            case Partition partition -> partition.links().forEach(link -> require(link, fault));
            case Slow one -> require(one.rank(), fault);
        }
    }

    private void require(Link link, ScheduledFault fault) {
        require(link.from(), fault);
        require(link.to(), fault);
    }

    private void require(int rank, ScheduledFault fault) {
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException(
                    "there is no rank " + rank + " among " + ranks + " in the scheduled fault " + fault);
        }
    }

    /** The partition that keeps frames of a link at a time; null when they pass. */
    Partition partition(int from, int to, long time) {
        for (int index = 0; index < partitions.size(); index++) {
            Partition partition = partitions.get(index);
            if (time >= partition.from() && time < partition.until() && separates(partition, from, to)) {
                return partition;
            }
        }
        return null;
    }

    private static boolean separates(Partition partition, int from, int to) {
        List<Link> links = partition.links();
        for (int index = 0; index < links.size(); index++) {
            Link link = links.get(index);
            if (link.from() == from && link.to() == to) {
                return true;
            }
        }
        return false;
    }

    /** The earliest time from {@code time} on at which nothing separates two ranks, in either direction. */
    long joined(int from, int to, long time) {
        long moment = time;
        while (moment != ScheduledFault.NEVER) {
            Partition there = partition(from, to, moment);
            Partition partition = there == null ? partition(to, from, moment) : there;
            if (partition == null) {
                break;
            }
            moment = partition.until();
        }
        return moment;
    }

    /** The earliest time from {@code time} on at which a rank is not stopped. */
    long running(int rank, long time) {
        long moment = time;
        for (int index = 0; index < stops.size(); index++) {
            Stop stop = stops.get(index);
            if (stop.rank() == rank && moment >= stop.from() && moment < stop.until()) {
                moment = stop.until();
                // Another stop may begin within this one.
                index = -1;
            }
        }
        return moment;
    }

    /** What a poll of a rank takes at most. */
    long pollNanos(int rank, long usual) {
        for (Slow one : slow) {
            if (one.rank() == rank) {
                return one.pollNanos();
            }
        }
        return usual;
    }
}
