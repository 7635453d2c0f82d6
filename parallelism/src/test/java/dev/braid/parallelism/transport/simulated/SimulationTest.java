package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Slow;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Stop;
import dev.braid.parallelism.transport.simulated.SimulationResult.End;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SimulationTest {
    private static final long SECOND = 1_000_000_000;
    private static final FaultScope SCOPE = new FaultScope(4, 960, 1_000_000, SECOND);

    /** Wants to be polled every {@code every} nanoseconds, until {@code count} polls were done. */
    private static final class Clockwork implements SimulatedRank {
        final List<Long> polls = new ArrayList<>();
        private final long every;
        private final int count;

        Clockwork(long every, int count) {
            this.every = every;
            this.count = count;
        }

        @Override
        public long poll(long now) {
            polls.add(now);
            return every == Long.MAX_VALUE ? every : now + every;
        }

        @Override
        public boolean finished() {
            return polls.size() >= count;
        }
    }

    private record Run(SimulationResult result, long digest, Set<TraceKind> happened, List<String> lines) {}

    @Test
    void shouldRepeatARunExactlyFromItsSeed() {
        Seeds.upTo(50).forEach(seed -> {
            Run run = chat(seed);
            assertThat(chat(seed)).as("seed %d", seed).isEqualTo(run);
        });
    }

    @Test
    void shouldRunDifferentlyWithAnotherSeed() {
        long digests =
                Seeds.upTo(50).map(seed -> chat(seed).digest()).distinct().count();
        assertThat(digests).isEqualTo(Seeds.upTo(50).count());
    }

    @Test
    void shouldEndWellWheneverNothingIsLost() {
        try (FramePool pool = new FramePool(4096)) {
            Trace trace = new Trace(256);
            Seeds.upTo(2000).forEach(seed -> {
                NetworkFaults faults = NetworkFaults.random(seed, SCOPE);
                try (SimulatedNetwork network = new SimulatedNetwork(4, seed, faults, pool, trace);
                        Arena arena = Arena.ofConfined()) {
                    Simulation simulation = new Simulation(network, chatting(network, arena));
                    SimulationResult result = simulation.run(60 * SECOND);
                    if (faults.lossless()) {
                        assertThat(result.end()).as(simulation::describe).isEqualTo(End.FINISHED);
                    }
                }
            });
        }
    }

    @Test
    void shouldMakeEveryFaultHappen() {
        // Chatting ranks neither refuse nor close.
        EnumSet<TraceKind> missing =
                EnumSet.complementOf(EnumSet.of(TraceKind.REFUSED, TraceKind.CLOSED, TraceKind.LEFT));
        LongStream.range(0, 200).forEach(seed -> missing.removeAll(chat(seed).happened()));

        assertThat(missing).isEmpty();
    }

    @Test
    void shouldPollARankAtTheTimesItWants() {
        Clockwork rank = new Clockwork(5_000_000, 4);
        SimulationResult result = run(NetworkFaults.none(), rank);

        assertThat(result).isEqualTo(new SimulationResult(End.FINISHED, rank.polls.getLast(), 4, List.of()));
        long first = rank.polls.getFirst();
        assertThat(first).isLessThan(1000);
        assertThat(rank.polls).containsExactly(first, first + 5_000_000, first + 10_000_000, first + 15_000_000);
    }

    @Test
    void shouldNotPollARankAgainBeforeItsPollIsOver() {
        Clockwork rank = new Clockwork(0, 100);
        run(NetworkFaults.none(), rank);

        for (int poll = 1; poll < 100; poll++) {
            assertThat(rank.polls.get(poll) - rank.polls.get(poll - 1)).isBetween(500L, 1000L);
        }
    }

    @Test
    void shouldPollASlowRankSeldom() {
        Clockwork slow = new Clockwork(0, 5);
        Clockwork usual = new Clockwork(0, 5);
        run(NetworkFaults.none().with(new Slow(0, 1_000_000)), slow, usual);

        assertThat(slow.polls.getLast()).isBetween(4 * 500_000L, 5 * 1_000_000L);
        assertThat(usual.polls.getLast()).isLessThan(5_000);
    }

    @Test
    void shouldNotPollAStoppedRankUntilItGoesOn() {
        Clockwork rank = new Clockwork(10_000, 200);
        run(NetworkFaults.none().with(new Stop(0, 100_000, 900_000)), rank);

        assertThat(rank.polls).anyMatch(time -> time < 100_000).contains(900_000L);
        assertThat(rank.polls).noneMatch(time -> time >= 100_000 && time < 900_000);
    }

    @Test
    void shouldNotWaitForARankThatIsStoppedForGood() {
        Clockwork stopped = new Clockwork(1000, Integer.MAX_VALUE);
        Clockwork other = new Clockwork(1000, 1000);

        SimulationResult result =
                run(NetworkFaults.none().with(new Stop(0, 50_000, ScheduledFault.NEVER)), stopped, other);

        assertThat(result.end()).isEqualTo(End.FINISHED);
        assertThat(stopped.polls.getLast()).isLessThan(50_000);
    }

    @Test
    void shouldNotPollADeadRank() {
        Clockwork dead = new Clockwork(1000, Integer.MAX_VALUE);
        Clockwork other = new Clockwork(1000, 1000);

        SimulationResult result = run(NetworkFaults.none().with(Kill.atTime(0, 50_000)), dead, other);

        assertThat(result.end()).isEqualTo(End.FINISHED);
        assertThat(dead.polls.getLast()).isLessThanOrEqualTo(50_000);
    }

    @Test
    void shouldSayWhoHasNotFinishedInTime() {
        SimulationResult result =
                run(NetworkFaults.none(), new Clockwork(1000, 3), new Clockwork(SECOND, Integer.MAX_VALUE));

        assertThat(result.end()).isEqualTo(End.OUT_OF_TIME);
        assertThat(result.unfinished()).containsExactly(1);
    }

    @Test
    void shouldNoticeADeadlock() {
        SimulationResult result = run(NetworkFaults.none(), new Clockwork(1000, 3), new Clockwork(Long.MAX_VALUE, 2));

        assertThat(result.end()).isEqualTo(End.STUCK);
        assertThat(result.unfinished()).containsExactly(1);
    }

    @Test
    void shouldSayHowToReplayAPollThatThrew() {
        SimulatedRank broken = new SimulatedRank() {
            @Override
            public long poll(long now) {
                throw new IllegalArgumentException("no such group");
            }

            @Override
            public boolean finished() {
                return false;
            }
        };
        assertThatThrownBy(() -> run(NetworkFaults.none(), broken))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("the poll of rank 0 threw java.lang.IllegalArgumentException: no such group\n"
                        + "seed 42 (replay it with -Dbraid.seed=42), 1 ranks")
                .hasRootCauseMessage("no such group");
    }

    @Test
    void shouldRefuseAnotherNumberOfRanks() {
        try (SimulatedNetwork network = new SimulatedNetwork(2, 1, NetworkFaults.none())) {
            assertThatThrownBy(() -> new Simulation(network, List.of(new Clockwork(1, 1))))
                    .hasMessage("1 ranks do not fit a network of 2 ranks");
        }
    }

    private static SimulationResult run(NetworkFaults faults, SimulatedRank... ranks) {
        try (SimulatedNetwork network = new SimulatedNetwork(ranks.length, 42, faults)) {
            return new Simulation(network, List.of(ranks)).run(10 * SECOND);
        }
    }

    private static Run chat(long seed) {
        NetworkFaults faults = NetworkFaults.random(seed, SCOPE);
        try (SimulatedNetwork network = new SimulatedNetwork(4, seed, faults);
                Arena arena = Arena.ofConfined()) {
            SimulationResult result = new Simulation(network, chatting(network, arena)).run(60 * SECOND);
            return new Run(
                    result,
                    network.trace().digest(),
                    network.trace().happened(),
                    network.trace().lines());
        }
    }

    private static List<SimulatedRank> chatting(SimulatedNetwork network, Arena arena) {
        List<SimulatedRank> ranks = new ArrayList<>();
        for (int rank = 0; rank < network.ranks(); rank++) {
            ranks.add(new ChattingRank(network, rank, 40, arena));
        }
        return ranks;
    }
}
