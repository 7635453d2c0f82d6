package dev.braid.parallelism.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.routing.Selection;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;

/** Tokens to four experts on two ranks and back, where an expert hands back what it gets: then a token gets itself for each of its experts. */
class GroupExpertAxisTest {
    private static final int DIM = ExpertExchange.DIM;
    private static final int NONE = Selection.NONE;

    /** What the two ranks choose; two experts of each of three tokens. */
    private static final int[][] CHOSEN = {{0, 1, 3, 0, 2, NONE}, {1, 0, 3, 2, NONE, NONE}};

    private static final int[][] EXPERTS_OF_TOKEN = {{2, 2, 1}, {2, 2, 0}};

    @Test
    void shouldBringEverySlotBackToItsToken() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            world.each(rank -> {
                Tensor[] results = run(rank, CHOSEN[rank.rank()]);
                for (int token = 0; token < 3; token++) {
                    int experts = EXPERTS_OF_TOKEN[rank.rank()][token];
                    assertThat(results[0].get(token * DIM + 5)).isEqualTo(experts * value(rank.rank(), token, 5));
                    assertThat(results[1].get(token * DIM + 5)).isEqualTo(3 * experts);
                }
            });
        }
    }

    /**
     * Rank 0 sends two figures and two rows with two experts each to rank 1, and gives back the two slots that rank 1 has sent in one
     * row; in backward two rows and two slots again.
     */
    @Test
    void shouldSendATokenOnceToARank() throws Exception {
        int row = DIM * Float.BYTES;
        AtomicLongArray sent = sent(CHOSEN);
        assertThat(sent.get(0)).isEqualTo(8 + 2 * 8 + (2 + 2) * row + (2 + 2) * row);
        assertThat(sent.get(1)).isEqualTo(8 + 8 + (1 + 2) * row + (1 + 2) * row);
    }

    /** Each of T = 4 tokens has K = 2 experts, one on either of R = 2 ranks: K T D (1 - 1/R) elements there, back, and both ways in backward. */
    @Test
    void shouldSendWhatTheFormulaSaysWhereExpertsAreEquallyBusy() throws Exception {
        int[] balanced = {0, 2, 1, 3, 2, 0, 3, 1};
        AtomicLongArray sent = sent(new int[][] {balanced, balanced});
        long figures = 8 + 4 * 8;
        long oneWay = 2 * 4 * DIM / 2 * Float.BYTES;
        assertThat(sent.get(0)).isEqualTo(figures + 4 * oneWay);
        assertThat(sent.get(1)).isEqualTo(figures + 4 * oneWay);
    }

    /** All tokens of both ranks go to experts of rank 1. */
    @Test
    void shouldTakePartWithoutAToken() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            world.each(rank -> {
                Tensor[] results = run(rank, new int[] {2, 3, 3, NONE, NONE, NONE});
                assertThat(results[0].get(DIM)).isEqualTo(value(rank.rank(), 1, 0));
                assertThat(results[1].get(0)).isEqualTo(6);
            });
        }
    }

    private static AtomicLongArray sent(int[][] chosen) throws Exception {
        AtomicLongArray sent = new AtomicLongArray(2);
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            world.each(rank -> {
                long before = rank.fabric().traffic().bytes();
                run(rank, chosen[rank.rank()]);
                sent.set(rank.rank(), rank.fabric().traffic().bytes() - before);
            });
        }
        return sent;
    }

    private static float value(int rank, int token, int column) {
        return ExpertExchange.value(rank, token, column);
    }

    private static Tensor[] run(LocalRank rank, int[] chosen) {
        return new ExpertExchange(2, 4, ExpertHosts.one(2)).run(rank, chosen);
    }
}
