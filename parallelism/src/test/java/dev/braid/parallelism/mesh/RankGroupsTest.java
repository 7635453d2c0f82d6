package dev.braid.parallelism.mesh;

import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Test;

class RankGroupsTest {
    @Test
    void shouldSumOverTheRanksOfEachAxis() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 4)) {
            world.each(rank -> {
                RankGroups groups = new RankGroups(Mesh.of(1, 2, 2), rank.fabric());
                Tensor tensor = rank.floats(1 << rank.rank());
                groups.tensor().allReduce(tensor, SUM).await();
                assertThat(tensor.toFloats()).containsExactly(rank.rank() < 2 ? 1 + 2 : 4 + 8);

                Tensor shard = rank.floats(1 << rank.rank());
                groups.shard().allReduce(shard, SUM).await();
                assertThat(shard.toFloats()).containsExactly(rank.rank() % 2 == 0 ? 1 + 4 : 2 + 8);

                Tensor replicate = rank.floats(1 << rank.rank());
                groups.replicate().allReduce(replicate, SUM).await();
                assertThat(replicate.toFloats()).containsExactly(1 << rank.rank());
                assertThat(groups.along(Axis.PIPELINE).size()).isEqualTo(1);
                assertThat(groups.world().size()).isEqualTo(4);
            });
        }
    }

    @Test
    void shouldJoinReplicasAndShardsInTheDataGroup() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 4)) {
            world.each(rank -> {
                RankGroups groups = new RankGroups(Mesh.of(2, 2, 1), rank.fabric());
                assertThat(groups.data().name()).isEqualTo("data");
                assertThat(groups.data().members()).containsExactly(0, 1, 2, 3);
                assertThat(groups.coordinate()).isEqualTo(new Coordinate(0, rank.rank() / 2, rank.rank() % 2, 0, 0));
            });
        }
    }

    @Test
    void shouldRefuseAMeshOfOtherRanks() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            assertThatThrownBy(() -> new RankGroups(
                            Mesh.of(1, 3, 1), world.ranks.getFirst().fabric()))
                    .hasMessage("a fabric of 2 ranks for the 3 of replicate 1 x shard 3 x tensor 1");
        }
    }
}
