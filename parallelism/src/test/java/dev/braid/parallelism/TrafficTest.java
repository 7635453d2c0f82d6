package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an operation moves is counted, and is what its formula says: n ranks, S bytes. */
class TrafficTest {
    private interface Start {
        Handle on(LocalRank rank);
    }

    /** What {@code start} moves from one rank; nothing else is in flight meanwhile. */
    private static Traffic moved(LocalRank rank, Start start) {
        Traffic before = rank.fabric().traffic();
        start.on(rank).await();
        Traffic after = rank.fabric().traffic();
        return new Traffic(after.messages() - before.messages(), after.bytes() - before.bytes(), after.refused());
    }

    private static void expect(Algorithm algorithm, int ranks, Start start, long messages, long bytes)
            throws Exception {
        for (Wires wires : Wires.values()) {
            LocalWorld.run(
                    wires,
                    ranks,
                    algorithm,
                    rank -> assertThat(moved(rank, start))
                            .as("%s by %s, rank %d", wires, algorithm, rank.rank())
                            .isEqualTo(new Traffic(messages, bytes, 0)));
        }
    }

    private static Handle allReduce(LocalRank rank, int count) {
        return rank.world().allReduce(rank.zeros(DType.F32, count), SUM);
    }

    @Test
    void shouldMoveTwiceAllButOneSliceDirectly() throws Exception {
        // n = 4, S = 80,000: 2(n-1) = 6 messages, 2(n-1)/n S = 120,000 bytes.
        expect(Algorithm.DIRECT, 4, rank -> allReduce(rank, 20_000), 6, 120_000);
    }

    /** G9.2 */
    @Test
    void shouldMoveAsMuchRoundARing() throws Exception {
        expect(Algorithm.RING, 4, rank -> allReduce(rank, 20_000), 6, 120_000);
    }

    @Test
    void shouldSendAllToAllByGatherAndAdd() throws Exception {
        // n-1 = 3 messages, (n-1) S = 240,000 bytes.
        expect(Algorithm.GATHER_ADD, 4, rank -> allReduce(rank, 20_000), 3, 240_000);
    }

    @Test
    void shouldSendAllOncePerDoubling() throws Exception {
        // log2 n = 2 messages of S = 80,000 bytes.
        expect(Algorithm.RECURSIVE_DOUBLING, 4, rank -> allReduce(rank, 20_000), 2, 160_000);
    }

    @Test
    void shouldCrossBetweenHostsOnceByHierarchy() throws Exception {
        // g = 2 ranks on each of 2 hosts, S = 80,000. Inside: S/2 scattered and S/2 gathered, 2 messages; across:
        // all-reduce
        // of S/2 by two: 2 messages, S/2 bytes.
        try (LocalWorld world = LocalWorld.onHosts(
                Wires.FRAMES,
                java.util.List.of("a", "a", "b", "b"),
                settings -> settings.withAlgorithm(Algorithm.HIERARCHICAL))) {
            world.each(rank ->
                    assertThat(moved(rank, each -> allReduce(each, 20_000))).isEqualTo(new Traffic(4, 120_000, 0)));
        }
    }

    @Test
    void shouldMoveAllButOneSliceByReduceScatter() throws Exception {
        Start start =
                rank -> rank.world().reduceScatter(rank.zeros(DType.F32, 20_000), rank.zeros(DType.F32, 5000), SUM);
        expect(Algorithm.AUTO, 4, start, 3, 60_000);
        expect(Algorithm.RING, 4, start, 3, 60_000);
    }

    @Test
    void shouldMoveItsOwnSliceToAllByAllGather() throws Exception {
        Start start = rank -> rank.world().allGather(rank.zeros(DType.F32, 5000), rank.zeros(DType.F32, 20_000));
        expect(Algorithm.AUTO, 4, start, 3, 60_000);
        expect(Algorithm.RING, 4, start, 3, 60_000);
    }

    @Test
    void shouldKeepItsOwnSliceInAllToAll() throws Exception {
        expect(
                Algorithm.AUTO,
                4,
                rank -> rank.world().allToAll(rank.zeros(DType.F32, 20_000), rank.zeros(DType.F32, 20_000)),
                3,
                60_000);
    }

    @Test
    void shouldTellToWhomTheBytesWent() throws Exception {
        LocalWorld.run(Wires.FRAMES, 3, rank -> {
            switch (rank.rank()) {
                case 0 -> rank.world().receive(rank.zeros(DType.F32, 10), 1, 7).await();
                case 1 -> {
                    rank.world().send(rank.zeros(DType.F32, 10), 0, 7).await();
                    rank.world().send(rank.zeros(DType.F32, 1000), 2, 7).await();
                }
                default ->
                    rank.world().receive(rank.zeros(DType.F32, 1000), 1, 7).await();
            }
            long[] expected = rank.rank() == 1 ? new long[] {40, 0, 4000} : new long[3];
            for (int other = 0; other < 3; other++) {
                assertThat(rank.fabric().bytesTo(other))
                        .as("from %d to %d", rank.rank(), other)
                        .isEqualTo(expected[other]);
            }
        });
    }

    @Test
    void shouldSendNothingForSlicesWithoutElements() throws Exception {
        // One element over 3 ranks: rank 0 owns it. The others send it one message; it sends the result to two.
        LocalWorld.run(
                Wires.FRAMES,
                3,
                Algorithm.DIRECT,
                rank -> assertThat(moved(rank, each -> allReduce(each, 1)))
                        .isEqualTo(rank.rank() == 0 ? new Traffic(2, 8, 0) : new Traffic(1, 4, 0)));
    }

    @Test
    void shouldBroadcastInNMinusOneMessagesAltogether() throws Exception {
        for (int n : new int[] {1, 2, 5, 8}) {
            AtomicLong messages = new AtomicLong();
            AtomicLong bytes = new AtomicLong();
            LocalWorld.run(Wires.FRAMES, n, rank -> {
                Traffic moved = moved(rank, each -> each.world().broadcast(each.zeros(DType.F32, 1000), 0));
                messages.addAndGet(moved.messages());
                bytes.addAndGet(moved.bytes());
                // The root of a binomial tree has ceil(log2 n) children: 0, 1, 3 and 3.
                if (rank.rank() == 0) {
                    assertThat(moved.messages()).isEqualTo(32 - Integer.numberOfLeadingZeros(rank.ranks() - 1));
                }
            });
            assertThat(messages.get()).isEqualTo(n - 1);
            assertThat(bytes.get()).isEqualTo((n - 1) * 4000L);
        }
    }

    @Test
    void shouldSendOneMessageToTheRootOfAGather() throws Exception {
        LocalWorld.run(Wires.FRAMES, 4, rank -> {
            Tensor output = rank.rank() == 2 ? rank.zeros(DType.F32, 400) : null;
            Traffic moved = moved(rank, each -> each.world().gather(each.zeros(DType.F32, 100), output, 2));
            assertThat(moved).isEqualTo(rank.rank() == 2 ? new Traffic(0, 0, 0) : new Traffic(1, 400, 0));
        });
    }

    @Test
    void shouldCountSignalsOfABarrierAsMessagesWithoutBytes() throws Exception {
        // ceil(log2 5) = 3 rounds.
        expect(Algorithm.AUTO, 5, rank -> rank.world().barrier(), 3, 0);
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldMoveNothingInAWorldOfOne(Wires wires) throws Exception {
        LocalWorld.run(wires, 1, rank -> {
            assertThat(moved(rank, each -> allReduce(each, 1000))).isEqualTo(new Traffic(0, 0, 0));
            assertThat(rank.fabric().traffic().refused()).isZero();
        });
    }
}
