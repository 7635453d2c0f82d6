package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Algorithms that declare another order than the canonical one keep to what they declare. */
class OrderOfSumsTest {
    private static final int[] COUNTS = {0, 1, 2, 5, 61, 20_001};

    @Test
    void shouldAddFromTheNextRankOnRoundARing() throws Exception {
        // Slice 0 of 3 ranks is x1 + x2 + x0: (1 - 1e8) + 1e8 = 0 in f32. In rank order it would be (1e8 + 1) - 1e8 = 0
        // too,
        // so slice 1 tells: x2 + x0 + x1 = (-1e8 + 1e8) + 1 = 1.
        float[] contributions = {1e8f, 1f, -1e8f};
        LocalWorld.run(Wires.FRAMES, 3, Algorithm.RING, rank -> {
            float own = contributions[rank.rank()];
            Tensor tensor = rank.floats(own, own, own);
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.toFloats()).containsExactly(0f, 1f, 0f);
        });
    }

    @Test
    void shouldRoundBf16AtEachHopOfARing() throws Exception {
        // Slice 2 of 3 ranks starts with x0 = 256; adding 1 twice stays at 256, since the step there is 2.
        float[] contributions = {256f, 1f, 1f};
        LocalWorld.run(Wires.FRAMES, 3, Algorithm.RING, rank -> {
            float own = contributions[rank.rank()];
            Tensor tensor = rank.halves(own, own, own);
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.get(2)).isEqualTo(256f);
        });
    }

    @Test
    void shouldAddPairsFirstByRecursiveDoubling() throws Exception {
        // (1e8 + 1) + (-1e8 + 1) = 1e8 - 1e8 = 0, where rank order gives ((1e8 + 1) - 1e8) + 1 = 1.
        float[] contributions = {1e8f, 1f, -1e8f, 1f};
        LocalWorld.run(Wires.FRAMES, 4, Algorithm.RECURSIVE_DOUBLING, rank -> {
            Tensor tensor = rank.floats(contributions[rank.rank()]);
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.get(0)).isZero();
        });
    }

    @Test
    void shouldAddInsideHostsFirst() throws Exception {
        // Hosts a (ranks 0 and 2) and b (ranks 1 and 3): (1e8 - 1e8) + (1 + 1) = 2; rank order gives ((1e8 + 1) - 1e8)
        // + 1 = 1.
        float[] contributions = {1e8f, 1f, -1e8f, 1f};
        try (LocalWorld world = onHosts(Wires.FRAMES, "a", "b", "a", "b")) {
            world.each(rank -> {
                Tensor tensor = rank.floats(contributions[rank.rank()]);
                rank.world().allReduce(tensor, SUM).await();
                assertThat(tensor.get(0)).isEqualTo(2f);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldFollowTheRingForAnyNumberOfRanks(Wires wires) throws Exception {
        for (int n : new int[] {1, 2, 3, 4, 7, 17}) {
            LocalWorld.run(wires, n, Algorithm.RING, rank -> compare(rank, Reference::ring));
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldFollowTheTreeForAnyNumberOfRanks(Wires wires) throws Exception {
        for (int n : new int[] {1, 2, 3, 4, 5, 7, 8, 17}) {
            LocalWorld.run(wires, n, Algorithm.RECURSIVE_DOUBLING, rank -> compare(rank, Reference::doubling));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"DIRECT", "GATHER_ADD"})
    void shouldKeepRankOrderByEitherCanonicalAlgorithm(Algorithm algorithm) throws Exception {
        for (Wires wires : Wires.values()) {
            for (int n : new int[] {1, 2, 7}) {
                LocalWorld.run(wires, n, algorithm, rank -> compare(rank, Reference::canonical));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldFollowTheHosts(Wires wires) throws Exception {
        try (LocalWorld world = onHosts(wires, "a", "a", "b", "b", "c", "c")) {
            int[][] hosts = {{0, 1}, {2, 3}, {4, 5}};
            world.each(rank -> compare(rank, (dtype, op, all) -> Reference.hierarchical(dtype, op, hosts, all)));
        }
    }

    @Test
    void shouldTakeTheCanonicalOrderOnOneHostWhenHierarchicalIsAskedFor() throws Exception {
        LocalWorld.run(Wires.FRAMES, 3, Algorithm.HIERARCHICAL, rank -> compare(rank, Reference::canonical));
    }

    @Test
    void shouldRunHierarchicalSumsOfSeveralTensorsTogether() throws Exception {
        try (LocalWorld world = onHosts(Wires.IN_PLACE, "a", "a", "b", "b")) {
            world.each(rank -> {
                List<Tensor> tensors = new ArrayList<>();
                List<Handle> handles = new ArrayList<>();
                for (int number = 0; number < 8; number++) {
                    tensors.add(rank.floats(number, rank.rank()));
                    handles.add(rank.world().allReduce(tensors.get(number), SUM));
                }
                handles.forEach(Handle::await);
                for (int number = 0; number < 8; number++) {
                    assertThat(tensors.get(number).toFloats()).containsExactly(4 * number, 6);
                }
            });
        }
    }

    private static LocalWorld onHosts(Wires wires, String... hosts) {
        return LocalWorld.onHosts(
                wires, Stream.of(hosts).toList(), settings -> settings.withAlgorithm(Algorithm.HIERARCHICAL));
    }

    private interface Expected {
        float[] of(DType dtype, ReduceOp op, float[]... contributions);
    }

    private static void compare(LocalRank rank, Expected expected) {
        for (DType dtype : DType.values()) {
            for (ReduceOp op : AllReduceTest.operations(dtype)) {
                for (int count : COUNTS) {
                    float[][] contributions = Reference.contributions(dtype, rank.ranks(), count);
                    Tensor tensor = rank.values(dtype, contributions[rank.rank()]);
                    rank.world().allReduce(tensor, op).await();
                    assertThat(tensor.toFloats())
                            .as("%s %s of %d over %d ranks", dtype, op, count, rank.ranks())
                            .isEqualTo(expected.of(dtype, op, contributions));
                    tensor.release();
                }
            }
        }
    }
}
