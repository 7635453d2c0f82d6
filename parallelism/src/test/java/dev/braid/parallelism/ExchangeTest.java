package dev.braid.parallelism;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All-to-all, broadcast, gather, send and receive, barrier. */
class ExchangeTest {
    @Test
    void shouldTransposeSlicesByAllToAll() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            int own = 10 * rank.rank();
            Tensor output = rank.zeros(DType.I32, 3);
            rank.world().allToAll(rank.ints(own, own + 1, own + 2), output).await();
            assertThat(output.toFloats()).containsExactly(rank.rank(), 10 + rank.rank(), 20 + rank.rank());
        });
    }

    @Test
    void shouldSendSlicesOfGivenCountsOfWhichSomeAreZero() throws Exception {
        // Row r: how many elements rank r sends to each rank.
        long[][] counts = {{1, 0, 2}, {3, 0, 0}, {0, 1, 1}};
        float[][] inputs = {{1, 2, 3}, {4, 5, 6}, {7, 8}};
        float[][] expected = {{1, 4, 5, 6}, {7}, {2, 3, 8}};
        LocalWorld.run(Wires.FRAMES, 3, rank -> {
            int own = rank.rank();
            long[] receives = {counts[0][own], counts[1][own], counts[2][own]};
            Tensor output = rank.zeros(DType.F32, expected[own].length);
            rank.world()
                    .allToAll(rank.floats(inputs[own]), counts[own], output, receives)
                    .await();
            assertThat(output.toFloats()).isEqualTo(expected[own]);
        });
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldExchangeLargeSlicesBetweenAllRanks(Wires wires) throws Exception {
        int count = 30_000;
        LocalWorld.run(wires, 5, rank -> {
            Tensor input = rank.zeros(DType.F32, 5L * count);
            for (int i = 0; i < 5 * count; i++) {
                input.set(i, rank.rank() * 10 + i / count);
            }
            Tensor output = rank.zeros(DType.F32, 5L * count);
            rank.world().allToAll(input, output).await();
            float[] values = output.toFloats();
            for (int from = 0; from < 5; from++) {
                assertThat(java.util.Arrays.copyOfRange(values, from * count, (from + 1) * count))
                        .containsOnly(from * 10 + rank.rank());
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldBroadcastFromEveryRootInWorldsOf1To17(Wires wires) throws Exception {
        for (int n = 1; n <= 17; n += n < 9 ? 1 : 4) {
            LocalWorld.run(wires, n, rank -> {
                for (int root = 0; root < rank.ranks(); root++) {
                    for (int count : new int[] {0, 1, 20_000}) {
                        Tensor tensor = rank.zeros(DType.BF16, count);
                        if (count > 0) {
                            tensor.set(count - 1, rank.rank() == root ? root + 1 : 99);
                        }
                        rank.world().broadcast(tensor, root).await();
                        if (count > 0) {
                            assertThat(tensor.get(count - 1)).isEqualTo(root + 1);
                        }
                        tensor.release();
                    }
                }
            });
        }
    }

    @Test
    void shouldBroadcastMegabytesDownTheTree() throws Exception {
        for (Wires wires : Wires.values()) {
            LocalWorld.run(wires, 6, rank -> {
                float[] values = Reference.values(DType.F32, 4, 700_001);
                Tensor tensor = rank.rank() == 4 ? rank.floats(values) : rank.zeros(DType.F32, values.length);
                rank.world().broadcast(tensor, 4).await();
                assertThat(tensor.toFloats()).isEqualTo(values);
            });
        }
    }

    @Test
    void shouldGatherAtTheRootOnly() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            Tensor output = rank.rank() == 1 ? rank.zeros(DType.I32, 6) : null;
            rank.world().gather(rank.ints(rank.rank(), -rank.rank()), output, 1).await();
            if (output != null) {
                assertThat(output.toFloats()).containsExactly(0, 0, 1, -1, 2, -2);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldMatchSendsAndReceivesByTagInAnyOrder(Wires wires) throws Exception {
        LocalWorld.run(wires, 2, rank -> {
            if (rank.rank() == 0) {
                rank.world().send(rank.floats(1), 1, 7);
                rank.world().send(rank.floats(2), 1, 8);
                rank.world().send(rank.floats(3), 1, 7).await();
            } else {
                Tensor eight = rank.floats(0);
                Tensor firstSeven = rank.floats(0);
                Tensor secondSeven = rank.floats(0);
                rank.world().receive(eight, 0, 8).await();
                rank.world().receive(firstSeven, 0, 7).await();
                rank.world().receive(secondSeven, 0, 7).await();
                assertThat(List.of(eight.get(0), firstSeven.get(0), secondSeven.get(0)))
                        .containsExactly(2f, 1f, 3f);
            }
            rank.world().barrier().await();
        });
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldExchangeLargeTensorsBothWaysAtOnce(Wires wires) throws Exception {
        LocalWorld.run(wires, 2, rank -> {
            int other = 1 - rank.rank();
            float[] values = Reference.values(DType.F32, rank.rank(), 400_003);
            Tensor incoming = rank.zeros(DType.F32, 400_003);
            Handle sending = rank.world().send(rank.floats(values), other, 0);
            rank.world().receive(incoming, other, 0).await();
            sending.await();
            assertThat(incoming.toFloats()).isEqualTo(Reference.values(DType.F32, other, 400_003));
        });
    }

    @Test
    void shouldSendNothingAsAMessage() throws Exception {
        LocalWorld.run(Wires.FRAMES, 2, rank -> {
            Tensor empty = rank.floats();
            Handle handle = rank.rank() == 0
                    ? rank.world().send(empty, 1, 0)
                    : rank.world().receive(empty, 0, 0);
            handle.await();
            assertThat(handle.done()).isTrue();
        });
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldLetNobodyPassABarrierBeforeAllHaveCome(Wires wires) throws Exception {
        for (int n : new int[] {1, 2, 3, 6, 17}) {
            AtomicInteger arrived = new AtomicInteger();
            LocalWorld.run(wires, n, rank -> {
                for (int round = 1; round <= 5; round++) {
                    arrived.incrementAndGet();
                    rank.world().barrier().await();
                    assertThat(arrived.get()).isGreaterThanOrEqualTo(round * rank.ranks());
                }
            });
            assertThat(arrived.get()).isEqualTo(5 * n);
        }
    }

    @Test
    void shouldCompleteTwentyCollectivesOfThreeOverlappingGroupsInAnyOrder() throws Exception {
        for (Wires wires : Wires.values()) {
            LocalWorld.run(wires, 4, ExchangeTest::twentyInFlight);
        }
    }

    /** Ranks start the operations of the groups in different orders, those of one group in the same. */
    private static void twentyInFlight(LocalRank rank) {
        List<Communicator> groups = new ArrayList<>();
        groups.add(rank.world());
        if (rank.rank() != 3) {
            groups.add(rank.fabric().group("low", List.of(0, 1, 2)));
        }
        if (rank.rank() != 0) {
            groups.add(rank.fabric().group("high", List.of(3, 1, 2)));
        }
        if (rank.rank() % 2 == 1) {
            java.util.Collections.reverse(groups);
        }
        List<Handle> handles = new ArrayList<>();
        List<Tensor> tensors = new ArrayList<>();
        List<Float> expected = new ArrayList<>();
        for (Communicator group : groups) {
            for (int number = 0; number < 7; number++) {
                Tensor tensor = rank.zeros(DType.F32, number % 2 == 0 ? 3 : 50_000);
                int last = (int) tensor.count() - 1;
                tensor.set(last, (number + 1) * (rank.rank() + 1));
                tensors.add(tensor);
                handles.add(group.allReduce(tensor, ReduceOp.SUM));
                int members =
                        group.members().stream().mapToInt(member -> member + 1).sum();
                expected.add((float) (number + 1) * members);
            }
        }
        handles.reversed().forEach(Handle::await);
        for (int i = 0; i < tensors.size(); i++) {
            assertThat(tensors.get(i).get(tensors.get(i).count() - 1)).isEqualTo(expected.get(i));
        }
    }

    @Test
    void shouldReduceInAGroupInItsOwnOrderOfRanks() throws Exception {
        LocalWorld.run(Wires.FRAMES, 3, rank -> {
            if (rank.rank() == 1) {
                return;
            }
            Communicator pair = rank.fabric().group("pair", List.of(2, 0));
            Tensor output = rank.zeros(DType.I32, 2);
            pair.allGather(rank.ints(rank.rank()), output).await();
            assertThat(output.toFloats()).containsExactly(2, 0);
            assertThat(pair.rank()).isEqualTo(rank.rank() == 2 ? 0 : 1);
        });
    }
}
