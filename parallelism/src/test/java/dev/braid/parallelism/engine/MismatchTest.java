package dev.braid.parallelism.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.simulated.NetworkFaults;
import dev.braid.parallelism.transport.simulated.SimulatedNetwork;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MismatchTest {
    private static final List<Integer> MEMBERS = List.of(0, 1);

    @Test
    void shouldFailOnBothRanksAndKeepNothingWhenTheyDisagree() {
        try (Memory memory = new Memory();
                SimulatedNetwork network = new SimulatedNetwork(2, 1, NetworkFaults.none())) {
            List<Engine> engines = engines(network, memory);
            // 12,000 bytes: several frames, all of which come before rank 1 starts anything.
            Tensor sent = memory.zeros(Category.ACTIVATIONS, DType.F32, Shape.of(3000));
            Tensor other = memory.zeros(Category.ACTIVATIONS, DType.F32, Shape.of(2999));
            Handle first = communicator(engines.get(0)).broadcast(sent, 0);
            run(network, engines);
            Handle second = communicator(engines.get(1)).broadcast(other, 0);
            run(network, engines);

            assertThat(first.done()).isTrue();
            assertThat(second.done()).isTrue();
            for (Engine engine : engines) {
                CommunicationException failure = engine.failure().orElseThrow();
                assertThat(failure.kind()).isEqualTo(CommunicationException.Kind.MISMATCH);
                assertThat(failure.missing()).containsExactly(0);
                assertThat(failure).hasMessageContaining("rank 0 takes part with broadcast of f32, tree, 12000 bytes");
            }
            sent.release();
            other.release();
            engines.forEach(Engine::close);
            assertThat(memory.live()).isZero();
        }
    }

    private static List<Engine> engines(SimulatedNetwork network, Memory memory) {
        List<RankAddress> addresses = IntStream.range(0, 2)
                .mapToObj(rank -> network.transport(rank).address())
                .toList();
        CommunicationSettings settings = CommunicationSettings.of("mismatch", 1, new byte[16]);
        List<Engine> engines = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            engines.add(new Engine(
                    rank,
                    addresses,
                    List.of(network.transport(rank)),
                    new NoMemory(),
                    memory,
                    settings,
                    network::nanoTime,
                    new SplittableRandom(rank)));
        }
        return engines;
    }

    private static GroupCommunicator communicator(Engine engine) {
        return new GroupCommunicator(engine, engine.group("both", MEMBERS));
    }

    /** Ten simulated milliseconds. */
    private static void run(SimulatedNetwork network, List<Engine> engines) {
        for (int turn = 0; turn < 1000; turn++) {
            engines.forEach(Engine::poll);
            network.advance(network.nanoTime() + 10_000);
        }
    }
}
