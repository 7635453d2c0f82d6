package dev.braid.parallelism.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.local.SharedTransport;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SimpleTest {
    @Test
    void shouldReduce() throws Exception {
        for (Algorithm algorithm : List.of(
                Algorithm.AUTO, Algorithm.DIRECT, Algorithm.GATHER_ADD, Algorithm.RING, Algorithm.RECURSIVE_DOUBLING)) {
            for (int ranks = 1; ranks <= 6; ranks++) {
                for (int count : new int[] {0, 1, 3, 7, 1000, 100_000}) {
                    run(ranks, count, algorithm);
                }
            }
            System.out.println(algorithm);
        }
    }

    void run(int ranks, int count, Algorithm algorithm) throws Exception {
        List<SharedTransport> transports = new ArrayList<>();
        List<RankAddress> addresses = new ArrayList<>();
        for (int r = 0; r < ranks; r++) {
            SharedTransport t = new SharedTransport(r, ranks, "jvm");
            transports.add(t);
            addresses.add(new RankAddress(r, "h", "h", 1, "jvm", Map.of("shared", t.endpoint()), ""));
        }
        List<Thread> threads = new ArrayList<>();
        List<Throwable> errors = new ArrayList<>();
        for (int r = 0; r < ranks; r++) {
            int rank = r;
            threads.add(Thread.ofPlatform().start(() -> {
                try (Memory memory = new Memory()) {
                    Engine engine = new Engine(
                            rank,
                            addresses,
                            List.of(transports.get(rank)),
                            new NoMemory(),
                            memory,
                            CommunicationSettings.of("r", 0, new byte[16]).withAlgorithm(algorithm),
                            System::nanoTime,
                            new SecureRandom());
                    try (RankFabric fabric = new RankFabric(engine)) {
                        Tensor x = memory.zeros(Category.GRADIENTS, DType.F32, Shape.of(count));
                        for (int i = 0; i < count; i++) {
                            x.set(i, rank + i % 5);
                        }
                        fabric.world().allReduce(x, ReduceOp.SUM).await();
                        for (int i = 0; i < count; i++) {
                            assertThat(x.get(i)).isEqualTo(ranks * (ranks - 1) / 2 + ranks * (i % 5));
                        }
                        fabric.world().barrier().await();
                    }
                } catch (Throwable t) {
                    synchronized (errors) {
                        errors.add(t);
                    }
                }
            }));
        }
        for (Thread t : threads) {
            t.join();
        }
        for (Throwable e : errors) {
            e.printStackTrace();
        }
        assertThat(errors).as(algorithm + " " + ranks + " " + count).isEmpty();
    }
}
