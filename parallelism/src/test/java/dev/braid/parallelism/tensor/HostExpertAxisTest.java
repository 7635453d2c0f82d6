package dev.braid.parallelism.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.routing.Selection;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Four ranks with an expert each, on hosts that the test names: a row crosses once to a host, and is handed on there. */
class HostExpertAxisTest {
    private static final int NONE = Selection.NONE;
    private static final int RANKS = 4;
    private static final int ROW = ExpertExchange.ROW;

    /** What the ranks choose; two experts of each of three tokens. */
    private static final int[][] CHOSEN = {
        {2, 3, 1, 2, 0, NONE}, {2, 3, 3, 2, 0, 1}, {0, 1, 2, 3, 0, 3}, {1, 0, NONE, NONE, 3, 2}
    };

    /** Bytes that a rank sends to those of other hosts, and to those of its own. */
    private record Sent(long across, long inside) {}

    private static Sent[] sent(String hosts, int[][] chosen) throws Exception {
        List<String> names = List.of(hosts.split(" "));
        Sent[] sent = new Sent[RANKS];
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, RANKS)) {
            world.each(rank -> {
                long across = 0;
                long inside = 0;
                new ExpertExchange(2, RANKS, ExpertHosts.of(names)).run(rank, chosen[rank.rank()]);
                for (int other = 0; other < RANKS; other++) {
                    long bytes = rank.fabric().bytesTo(other);
                    boolean neighbour = names.get(other).equals(names.get(rank.rank()));
                    across += neighbour ? 0 : bytes;
                    inside += neighbour ? bytes : 0;
                }
                synchronized (sent) {
                    sent[rank.rank()] = new Sent(across, inside);
                }
            });
        }
        return sent;
    }

    /**
     * Rank 0 has two tokens with experts on the other host: two rows, though the first has an expert on either rank there. Of both other
     * ranks' tokens its expert has three slots, whose rows go back. All that twice, as backward goes the same ways. Before that three
     * figures for each rank, for each row and rank an expert's number, and for each row the ranks it is for.
     */
    @Test
    void shouldSendATokenOnceToAHost() throws Exception {
        Sent sent = sent("a a b b", CHOSEN)[0];
        assertThat(sent.across).isEqualTo(2 * 12 + 3 * 4 + 2 * 4 + 2 * (2 + 3) * ROW);
    }

    /** Inside, rank 0 sends a token of its own, a slot of its neighbour's, and one row of rank 2 that its neighbour needs too. */
    @Test
    void shouldHandOnInsideTheHost() throws Exception {
        Sent sent = sent("a a b b", CHOSEN)[0];
        assertThat(sent.inside).isEqualTo(12 + 4 + 4 + 2 * (1 + 1 + 1) * ROW);
    }

    /** Each of two tokens of a rank has both experts of the other host: T rows cross where T K would, and T K slots come back. */
    @Test
    void shouldSendAHalfWhereATokenHasBothExpertsOfAHost() throws Exception {
        int[] there = {2, 3, 3, 2};
        int[] here = {0, 1, 1, 0};
        int[][] chosen = {there, there, here, here};
        int slotsBack = 4;
        for (Sent sent : sent("a a b b", chosen)) {
            assertThat(sent.across).isEqualTo(2 * 12 + 4 * 4 + 2 * 4 + 2 * (2 + slotsBack) * ROW);
        }
        for (Sent sent : sent("a b c d", chosen)) {
            assertThat(sent.across).isEqualTo(3 * 8 + 4 * 4 + 2 * (4 + slotsBack) * ROW);
        }
    }

    /** Rank 0 sends four rows and four slots to other ranks, and two figures and an expert's number of each row, as ever. */
    @ParameterizedTest
    @ValueSource(strings = {"a a a a", "a b c d"})
    void shouldSendStraightToRanksWhereNobodyCanHandOn(String hosts) throws Exception {
        Sent sent = sent(hosts, CHOSEN)[0];
        assertThat(sent.across + sent.inside).isEqualTo(3 * 8 + 4 * 4 + 2 * (4 + 4) * ROW);
    }

    /** Three slots a token and two experts a rank; some tokens have fewer, one has none. */
    @ParameterizedTest
    @ValueSource(strings = {"a a b b", "a b c d", "a b a b", "a b b a", "a a a b", "a b b c", "b a a a"})
    void shouldBringTheSameBitsWhereverRanksAre(String hosts) throws Exception {
        int[][] chosen = {
            {5, 0, 7, 2, 3, NONE, 4, 6, 1},
            {NONE, NONE, NONE, 7, 5, 6, 0, 2, 4},
            {1, 3, 0, 6, NONE, 7, 4, 2, 5},
            {0, 1, NONE, 3, 2, 5, 6, 4, 0}
        };
        assertThat(results(hosts, chosen)).isDeepEqualTo(results("a a a a", chosen));
    }

    /** Any choices of five ranks, which lie anyhow on up to three hosts; figures are whole numbers, whose sums are exact. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldBringEverySlotBackWhateverIsChosen(long seed) throws Exception {
        Random random = new Random(seed);
        List<Integer> hosts = random.ints(5, 0, 3).boxed().toList();
        int[][] chosen = new int[5][];
        for (int rank = 0; rank < 5; rank++) {
            chosen[rank] = choice(random, 1 + random.nextInt(6));
        }
        ExpertExchange exchange = new ExpertExchange(3, 10, ExpertHosts.of(hosts));
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 5)) {
            world.each(rank -> {
                int[] mine = chosen[rank.rank()];
                Tensor[] results = exchange.run(rank, mine);
                for (int slot = 0; slot < mine.length; slot += 3) {
                    int token = slot / 3;
                    long experts = Arrays.stream(mine, slot, slot + 3)
                            .filter(expert -> expert != NONE)
                            .count();
                    assertThat(results[0].get((long) token * ExpertExchange.DIM + 7))
                            .as("token %d of rank %d on hosts %s", token, rank.rank(), hosts)
                            .isEqualTo(experts * ExpertExchange.value(rank.rank(), token, 7));
                    assertThat(results[1].get((long) token * ExpertExchange.DIM))
                            .isEqualTo(3 * experts);
                }
            });
        }
    }

    /** Up to three different experts of ten for each token. */
    private static int[] choice(Random random, int tokens) {
        int[] chosen = new int[3 * tokens];
        Arrays.fill(chosen, NONE);
        for (int token = 0; token < tokens; token++) {
            int[] experts =
                    random.ints(0, 10).distinct().limit(random.nextInt(4)).toArray();
            System.arraycopy(experts, 0, chosen, 3 * token, experts.length);
        }
        return chosen;
    }

    private static int[][] results(String hosts, int[][] chosen) throws Exception {
        AtomicReferenceArray<int[]> results = new AtomicReferenceArray<>(RANKS);
        ExpertExchange exchange = new ExpertExchange(3, 8, ExpertHosts.of(List.of(hosts.split(" "))));
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, RANKS)) {
            world.each(rank -> results.set(rank.rank(), bits(exchange.run(rank, chosen[rank.rank()]))));
        }
        int[][] all = new int[RANKS][];
        Arrays.setAll(all, results::get);
        return all;
    }

    private static int[] bits(Tensor[] tensors) {
        return Arrays.stream(tensors)
                .flatMapToInt(tensor -> {
                    float[] values = tensor.toFloats();
                    int[] bits = new int[values.length];
                    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
                    return Arrays.stream(bits);
                })
                .toArray();
    }

    /** All tokens go to the last rank; the others hand on, or have nothing to do. */
    @Test
    void shouldTakePartWithoutAToken() throws Exception {
        ExpertExchange exchange = new ExpertExchange(2, RANKS, ExpertHosts.of(List.of("a", "a", "b", "b")));
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, RANKS)) {
            world.each(rank -> {
                Tensor[] results = exchange.run(rank, new int[] {3, NONE, NONE, NONE});
                assertThat(results[0].get(5)).isEqualTo(ExpertExchange.value(rank.rank(), 0, 5));
                assertThat(results[1].get(0)).isEqualTo(3);
                assertThat(results[1].get(ExpertExchange.DIM)).isZero();
            });
        }
    }

    @Test
    void shouldRefuseHostsOfOtherRanks() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            LocalRank rank = world.ranks.getFirst();
            assertThatThrownBy(() -> new GroupExpertAxis(rank.world(), ExpertHosts.one(3), new ExposedTime()))
                    .hasMessage(
                            "hosts of 3 ranks for the 2 of group world: give the host of each rank of the group, in its"
                                    + " order");
        }
    }
}
