package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.MAX;
import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.braid.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranks that do not do the same end with an error on all of them that says what each side does. */
class MismatchTest {
    private interface Start {
        Handle on(LocalRank rank);
    }

    /** Rank 0 starts one thing and rank 1 another; returns the message of rank {@code told}. */
    private static String message(int told, Start first, Start second) throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                CommunicationException failure = catchThrowableOfType(
                        CommunicationException.class,
                        () -> (rank.rank() == 0 ? first : second).on(rank).await());
                if (failure != null) {
                    assertThat(failure.kind()).isEqualTo(CommunicationException.Kind.MISMATCH);
                }
                // One side may have done its part before the other found out; it is told soon after.
                CommunicationException next = null;
                for (int round = 0; next == null && round < 100_000; round++) {
                    next = catchThrowableOfType(
                            CommunicationException.class,
                            () -> rank.world().barrier().await());
                }
                assertThat(next.kind()).isEqualTo(CommunicationException.Kind.MISMATCH);
                assertThat(next.getMessage()).contains("takes part with");
            });
            return world.ranks.get(told).fabric().failure().orElseThrow().getMessage();
        }
    }

    @Test
    void shouldNameBothOperations() throws Exception {
        String message = message(
                0,
                rank -> rank.world().allGather(rank.floats(1), rank.zeros(DType.F32, 2)),
                rank -> rank.world().allToAll(rank.floats(1, 2), rank.zeros(DType.F32, 2)));
        assertThat(message).contains("all_gather of f32", "all_to_all of f32", "in the same order");
    }

    @Test
    void shouldNameBothDtypes() throws Exception {
        String message = message(
                1,
                rank -> rank.world().allReduce(rank.floats(1, 2), SUM),
                rank -> rank.world().allReduce(rank.ints(1, 2), SUM));
        assertThat(message).contains("all_reduce of f32, sum", "all_reduce of i32, sum");
    }

    @Test
    void shouldNameBothWaysToCombine() throws Exception {
        String message = message(
                1,
                rank -> rank.world().allReduce(rank.floats(1), SUM),
                rank -> rank.world().allReduce(rank.floats(1), MAX));
        assertThat(message).contains("all_reduce of f32, sum", "all_reduce of f32, max");
    }

    @Test
    void shouldNameBothSizes() throws Exception {
        String message = message(
                0,
                rank -> rank.world().broadcast(rank.floats(1, 2, 3), 1),
                rank -> rank.world().broadcast(rank.floats(1, 2), 1));
        assertThat(message).contains("rank 1 takes part with broadcast of f32", "8 bytes", "12 bytes");
    }

    @Test
    void shouldFindOutThatTwoRanksBroadcastAsRoot() throws Exception {
        String message = message(
                0,
                rank -> rank.world().broadcast(rank.floats(1), 0),
                rank -> rank.world().broadcast(rank.floats(1), 1));
        assertThat(message)
                .contains(
                        "takes part with broadcast of f32, tree, 4 bytes for this rank, which expects none in operation 0")
                .contains("the same root");
    }

    @Test
    void shouldFindOutThatARankSendsWhereNothingIsExpected() throws Exception {
        String message = message(
                1,
                rank -> rank.world().allToAll(rank.floats(1, 2), new long[] {1, 1}, rank.floats(0), new long[] {1, 0}),
                rank -> rank.world().allToAll(rank.floats(1), new long[] {0, 1}, rank.floats(0), new long[] {0, 1}));
        assertThat(message).contains("rank 0 takes part with all_to_all of f32", "which expects none in operation 0");
    }

    @Test
    void shouldNameBothSizesOfASendAndItsReceive() throws Exception {
        String message = message(
                1,
                rank -> rank.world().send(rank.floats(1, 2), 1, 5),
                rank -> rank.world().receive(rank.floats(1), 0, 5));
        assertThat(message).contains("rank 0 takes part with point_to_point of f32", "8 bytes", "4 bytes");
    }

    @Test
    void shouldNameTheSequenceNumberGroupAndCallSiteOfTheOperation() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                rank.world().barrier().await();
                Communicator pair = rank.fabric().group("pair", List.of(0, 1));
                Handle handle = rank.rank() == 0
                        ? pair.allGather(rank.floats(1), rank.zeros(DType.F32, 2))
                        : pair.allGather(rank.ints(1), rank.zeros(DType.I32, 2));
                assertThatThrownBy(handle::await)
                        .isInstanceOf(CommunicationException.class)
                        .hasMessageContaining("all_gather 0 of group pair (ranks [0, 1]), 8 bytes of")
                        .hasMessageContaining("called at MismatchTest.java:")
                        .hasMessageContaining("Missing: rank");
            });
        }
    }
}
