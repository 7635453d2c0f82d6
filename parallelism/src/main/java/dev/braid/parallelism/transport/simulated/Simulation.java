package dev.braid.parallelism.transport.simulated;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs ranks over a simulated network to their end: polls a rank when something came for it or when the time that it asked for
 * has come, and moves the clock on to whatever is next. A poll takes simulated time; meanwhile other ranks are polled.
 *
 * <p>{@snippet :
 * try (SimulatedNetwork network = new SimulatedNetwork(3, seed, NetworkFaults.random(seed, scope))) {
 *     List<SimulatedRank> ranks = ...; // each over network.transport(rank), with network::nanoTime as its clock
 *     SimulationResult result = new Simulation(network, ranks).run(60_000_000_000L);
 * }
 * }
 */
public final class Simulation {
    /** So that ranks' polls and frames' fates are drawn apart. */
    private static final long POLLS = 0x706F6C6C73L;

    private final SimulatedNetwork network;
    private final List<? extends SimulatedRank> ranks;
    private final SeededRandom random;
    /** When each rank's last poll is over. */
    private final long[] free;
    /** When each rank wants to be polled at the latest. */
    private final long[] wanted;

    private final long[] pollNanos;
    private final boolean[] done;
    private long polls;

    /** Each of {@code ranks} runs at its place in the network. */
    public Simulation(SimulatedNetwork network, List<? extends SimulatedRank> ranks) {
        if (ranks.size() != network.ranks()) {
            throw new IllegalArgumentException(
                    ranks.size() + " ranks do not fit a network of " + network.ranks() + " ranks");
        }
        this.network = network;
        this.ranks = ranks;
        random = new SeededRandom(network.seed() ^ POLLS);
        free = new long[ranks.size()];
        wanted = new long[ranks.size()];
        done = new boolean[ranks.size()];
        pollNanos = new long[ranks.size()];
        for (int rank = 0; rank < ranks.size(); rank++) {
            pollNanos[rank] =
                    network.schedule().pollNanos(rank, network.faults().pollNanos());
            // Ranks do not start in step.
            free[rank] = network.nanoTime() + random.below(pollNanos[rank]);
        }
        Arrays.fill(wanted, network.nanoTime());
    }

    /**
     * Runs until all ranks have finished that can.
     *
     * @param limit simulated time at which it is given up, in nanoseconds
     * @throws IllegalStateException when a rank's poll threw; it names the rank, the seed, the faults and the last events
     */
    public SimulationResult run(long limit) {
        while (true) {
            if (allFinished()) {
                return result(SimulationResult.End.FINISHED);
            }
            long due = nextPoll();
            long next = Math.min(due, network.nextEvent());
            if (next == Long.MAX_VALUE) {
                return result(SimulationResult.End.STUCK);
            }
            if (next > limit) {
                return result(SimulationResult.End.OUT_OF_TIME);
            }
            network.advance(next);
            for (int rank = 0; rank < done.length; rank++) {
                if (due(rank) <= next) {
                    poll(rank, next);
                }
            }
        }
    }

    /** What to print when a run was not as it should be: the seed, the faults, the last events. */
    public String describe() {
        return network.describe() + "last events of " + network.trace().recorded() + ":\n"
                + String.join("\n", network.trace().lines()) + "\n";
    }

    private long nextPoll() {
        long next = Long.MAX_VALUE;
        for (int rank = 0; rank < done.length; rank++) {
            next = Math.min(next, due(rank));
        }
        return next;
    }

    /** When a rank is to be polled, as far as is known now; {@link Long#MAX_VALUE} for one that is done, dead or stopped. */
    private long due(int rank) {
        if (done[rank] || network.killed(rank)) {
            return Long.MAX_VALUE;
        }
        long time = network.hasInput(rank) ? free[rank] : Math.max(free[rank], wanted[rank]);
        return time == Long.MAX_VALUE ? time : network.schedule().running(rank, Math.max(time, network.nanoTime()));
    }

    private void poll(int rank, long now) {
        polls++;
        network.polled(rank);
        try {
            wanted[rank] = ranks.get(rank).poll(now);
            done[rank] = ranks.get(rank).finished();
        } catch (RuntimeException | Error failure) {
            throw new IllegalStateException(
                    "the poll of rank " + rank + " threw " + failure + "\n" + describe(), failure);
        }
        free[rank] = now + random.between(pollNanos[rank] / 2, pollNanos[rank]);
    }

    private boolean allFinished() {
        for (int rank = 0; rank < done.length; rank++) {
            if (unfinished(rank)) {
                return false;
            }
        }
        return true;
    }

    private boolean unfinished(int rank) {
        return !done[rank]
                && !network.killed(rank)
                && network.schedule().running(rank, network.nanoTime()) != Long.MAX_VALUE;
    }

    private SimulationResult result(SimulationResult.End end) {
        List<Integer> unfinished = new ArrayList<>();
        for (int rank = 0; rank < done.length; rank++) {
            if (unfinished(rank)) {
                unfinished.add(rank);
            }
        }
        return new SimulationResult(end, network.nanoTime(), polls, unfinished);
    }
}
