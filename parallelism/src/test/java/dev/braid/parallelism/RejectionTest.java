package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.MEAN;
import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Arguments that cannot be right are refused before anything is sent, and the message says what would be. */
class RejectionTest {
    private static LocalWorld world;
    private static LocalRank rank;
    private static Communicator group;

    @BeforeAll
    static void open() {
        world = LocalWorld.of(Wires.IN_PLACE, 2);
        rank = world.ranks.get(0);
        group = rank.world();
    }

    @AfterAll
    static void close() throws Exception {
        world.close();
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @Test
    void shouldRefuseAMeanOfIntegers() {
        refuses(
                () -> group.allReduce(rank.ints(1), MEAN),
                "there is no MEAN of I32: F32 and BF16 have SUM, MEAN and MAX, I32 has SUM and MAX, I8 has MAX");
    }

    @Test
    void shouldRefuseASumOfBytes() {
        refuses(
                () -> group.reduceScatter(rank.bytes(1, 2), rank.bytes(0), SUM),
                "there is no SUM of I8: F32 and BF16 have SUM, MEAN and MAX, I32 has SUM and MAX, I8 has MAX");
    }

    @Test
    void shouldRefuseAnOutputOfAnotherDtype() {
        refuses(() -> group.allGather(rank.floats(1), rank.ints(1, 2)), "output I32[2] must be of F32");
    }

    @Test
    void shouldRefuseAnOutputThatIsNotTheSlice() {
        refuses(
                () -> group.reduceScatter(rank.floats(1, 2, 3), rank.floats(0), SUM),
                "output F32[1] must have 2 elements");
    }

    @Test
    void shouldRefuseAnInputThatIsNotTheSlice() {
        refuses(() -> group.allGather(rank.floats(1, 2), rank.floats(0, 0)), "input F32[2] must have 1 elements");
    }

    @Test
    void shouldRefuseCountsForAnotherNumberOfRanks() {
        refuses(
                () -> group.allGather(rank.floats(1), new long[] {1}, rank.floats(0)),
                "counts has 1 entries, must have one for each of 2 ranks");
    }

    @Test
    void shouldRefuseNegativeCounts() {
        refuses(
                () -> group.allToAll(rank.floats(1), new long[] {2, -1}, rank.floats(1), new long[] {1, 0}),
                "sendCounts[1] is -1");
    }

    @Test
    void shouldRefuseCountsThatDoNotAddUp() {
        refuses(
                () -> group.allToAll(rank.floats(1, 2), new long[] {1, 1}, rank.floats(0, 0), new long[] {1, 2}),
                "receiveCounts add up to 3 elements, output F32[2] has 2");
    }

    @Test
    void shouldRefuseToKeepAnotherNumberOfElementsThanItSendsToItself() {
        refuses(
                () -> group.allToAll(rank.floats(1, 2), new long[] {1, 1}, rank.floats(0, 0), new long[] {0, 2}),
                "rank 0 sends 1 elements to itself but receives 0");
    }

    @Test
    void shouldRefuseARootOutsideOfTheGroup() {
        refuses(() -> group.broadcast(rank.floats(1), 2), "root is rank 2, group world (ranks [0, 1]) has 0 to 1");
    }

    @Test
    void shouldRefuseARootWithoutOutput() {
        refuses(
                () -> group.gather(rank.floats(1), null, 0),
                "output is null on rank 0, which is the root: it must have 2 elements");
    }

    @Test
    void shouldRefuseToSendToItself() {
        refuses(() -> group.send(rank.floats(1), 0, 0), "rank 0 cannot send to itself");
    }

    @Test
    void shouldRefuseNegativeTags() {
        refuses(() -> group.receive(rank.floats(1), 1, -3), "tag -3 is negative");
    }

    @Test
    void shouldRefuseAScatterIntoAnotherSliceOfItsInput() {
        Tensor input = rank.floats(1, 2);
        refuses(
                () -> group.reduceScatter(input, input.rows(1, 1), SUM),
                "output F32[1] overlaps input F32[2], 4 bytes from its start; allowed is its own slice at 0, or none");
    }

    @Test
    void shouldRefuseAGatherFromAnotherSliceOfItsOutput() {
        Tensor output = rank.floats(1, 2);
        refuses(
                () -> group.allGather(output.rows(1, 1), output),
                "input F32[1] overlaps output F32[2], 4 bytes from its start; allowed is its own slice at 0, or none");
    }

    @Test
    void shouldRefuseAnAllToAllInPlace() {
        Tensor both = rank.floats(1, 2);
        refuses(
                () -> group.allToAll(both, both),
                "input F32[2] overlaps output F32[2], 0 bytes from its start: use another tensor");
    }

    @Test
    void shouldRefuseAReleasedTensor() {
        Tensor tensor = rank.zeros(DType.F32, 4);
        tensor.release();
        assertThatThrownBy(() -> group.allReduce(tensor, SUM)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldRefuseAGroupWithoutName() {
        refuses(() -> rank.fabric().group("", List.of(0, 1)), "a group needs a name");
    }

    @Test
    void shouldRefuseAGroupWithoutThisRank() {
        refuses(() -> rank.fabric().group("other", List.of(1)), "rank 0 is not in group other of ranks [1]");
    }

    @Test
    void shouldRefuseAGroupWithARankTwice() {
        refuses(
                () -> rank.fabric().group("twice", List.of(0, 0)),
                "group twice has ranks [0, 0], must be different ones of 0 to 1");
    }

    @Test
    void shouldRefuseAGroupWithARankOutsideOfTheWorld() {
        refuses(
                () -> rank.fabric().group("far", List.of(0, 7)),
                "group far has ranks [0, 7], must be different ones of 0 to 1");
    }

    @Test
    void shouldRefuseHierarchicalSumsOverHostsOfDifferentSizes() throws Exception {
        try (LocalWorld uneven = LocalWorld.onHosts(
                Wires.FRAMES, List.of("a", "a", "b"), settings -> settings.withAlgorithm(Algorithm.HIERARCHICAL))) {
            LocalRank first = uneven.ranks.getFirst();
            refuses(
                    () -> first.world().allReduce(first.floats(1), SUM),
                    "parallel.algorithm hierarchical needs as many ranks of group world (ranks [0, 1, 2]) on each host;"
                            + " they are [[0, 1], [2]]: choose another algorithm or another placement");
        }
    }
}
