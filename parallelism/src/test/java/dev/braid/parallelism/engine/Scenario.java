package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.simulated.NetworkFaults;
import dev.braid.parallelism.transport.simulated.SimulatedNetwork;
import dev.braid.parallelism.transport.simulated.Simulation;
import dev.braid.parallelism.transport.simulated.SimulationResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Real engines that go through a program over a simulated network. */
final class Scenario implements AutoCloseable {
    /** The deadline of all scenarios, in simulated time. */
    static final Duration DEADLINE = Duration.ofSeconds(1);

    /** The patience of all scenarios, in simulated time. */
    static final Duration PATIENCE = Duration.ofSeconds(3);

    /** Simulated time at which a scenario is given up. */
    private static final long LIMIT = Duration.ofSeconds(60).toNanos();

    private static final byte[] SECRET = "a secret of these scenarios".getBytes(StandardCharsets.UTF_8);

    private final Laboratory laboratory;
    private final Program program;
    private final SimulatedNetwork network;
    private final Simulation simulation;
    private final SimulatedMemory[] memories;
    private final List<ScenarioRank> ranks = new ArrayList<>();
    private final long liveBefore;

    Scenario(Laboratory laboratory, long seed, Program program, NetworkFaults faults) {
        this.laboratory = laboratory;
        this.program = program;
        liveBefore = laboratory.live();
        network = new SimulatedNetwork(program.ranks(), seed, faults, laboratory.pool, laboratory.trace);
        memories = new SimulatedMemory[program.ranks()];
        List<RankAddress> addresses = IntStream.range(0, program.ranks())
                .mapToObj(rank -> program.address(network, rank))
                .toList();
        CommunicationSettings settings = CommunicationSettings.of("scenarios", 1, SECRET)
                .withAlgorithm(program.algorithm())
                .withTimes(DEADLINE, PATIENCE);
        for (int rank = 0; rank < program.ranks(); rank++) {
            SimulatedMemory shared =
                    new SimulatedMemory(addresses.get(rank), laboratory.memory(rank), program.sharing(), memories);
            ranks.add(new ScenarioRank(
                    rank, program, addresses, network, shared, laboratory.memory(rank), laboratory.values, settings));
        }
        simulation = new Simulation(network, ranks);
    }

    Outcome run() {
        SimulationResult result = simulation.run(LIMIT);
        for (int rank = 0; rank < ranks.size(); rank++) {
            if (!ranks.get(rank).finished()) {
                ranks.get(rank).abandon();
            }
        }
        return new Outcome(
                program,
                network.faults(),
                ranks,
                IntStream.range(0, ranks.size()).mapToObj(network::killed).toList(),
                result,
                network.steps(),
                laboratory.live() - liveBefore,
                simulation::describe);
    }

    @Override
    public void close() {
        network.close();
    }
}
