package dev.braid.parallelism.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MeshTest {
    /** 0 1 | 2 3 || 4 5 | 6 7: replicas apart by 4, shards by 2, tensor ranks side by side. */
    private static final Mesh CUBE = Mesh.of(2, 2, 2);

    @Test
    void shouldNumberRanksWithTheTensorAxisInnermost() {
        assertThat(CUBE.ranks()).isEqualTo(8);
        assertThat(CUBE.coordinate(0)).isEqualTo(new Coordinate(0, 0, 0, 0, 0));
        assertThat(CUBE.coordinate(1)).isEqualTo(new Coordinate(0, 0, 0, 0, 1));
        assertThat(CUBE.coordinate(2)).isEqualTo(new Coordinate(0, 0, 1, 0, 0));
        assertThat(CUBE.coordinate(4)).isEqualTo(new Coordinate(0, 1, 0, 0, 0));
        assertThat(CUBE.coordinate(7)).isEqualTo(new Coordinate(0, 1, 1, 0, 1));
    }

    @Test
    void shouldFindTheRankOfEveryCoordinate() {
        Mesh mesh = new Mesh(2, 3, 2, 2, 4);
        assertThat(mesh.ranks()).isEqualTo(96);
        assertThat(mesh.rank(new Coordinate(1, 2, 0, 1, 3))).isEqualTo(48 + 2 * 16 + 0 + 4 + 3);
        IntStream.range(0, 96)
                .forEach(rank -> assertThat(mesh.rank(mesh.coordinate(rank))).isEqualTo(rank));
    }

    @Test
    void shouldGroupRanksThatDifferAlongOneAxisOnly() {
        assertThat(CUBE.group(Axis.TENSOR, 5)).containsExactly(4, 5);
        assertThat(CUBE.group(Axis.SHARD, 5)).containsExactly(5, 7);
        assertThat(CUBE.group(Axis.REPLICATE, 5)).containsExactly(1, 5);
        assertThat(CUBE.group(Axis.PIPELINE, 5)).containsExactly(5);
        assertThat(CUBE.group(Axis.CONTEXT, 5)).containsExactly(5);
    }

    @Test
    void shouldListTheGroupsOfAnAxis() {
        assertThat(CUBE.groups(Axis.SHARD)).containsExactly(List.of(0, 2), List.of(1, 3), List.of(4, 6), List.of(5, 7));
        assertThat(Mesh.SINGLE.groups(Axis.TENSOR)).containsExactly(List.of(0));
    }

    @Test
    void shouldGiveAllRanksOfADataRankTheSameSamples() {
        Mesh mesh = Mesh.of(2, 3, 2);
        assertThat(mesh.dataRanks()).isEqualTo(6);
        assertThat(IntStream.range(0, 12).map(mesh::dataRank)).containsExactly(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
        assertThat(mesh.dataGroup(3)).containsExactly(1, 3, 5, 7, 9, 11);
    }

    @Test
    void shouldGiveAllPipelineStagesOfADataRankTheSameSamples() {
        Mesh mesh = new Mesh(2, 1, 2, 1, 1);
        assertThat(IntStream.range(0, 4).map(mesh::dataRank)).containsExactly(0, 1, 0, 1);
        assertThat(mesh.dataGroup(2)).containsExactly(2, 3);
    }

    @Test
    void shouldCutAGroupIntoItsPartsOfOneHost() {
        Mesh mesh = Mesh.of(1, 4, 1);
        assertThat(mesh.hostGroups(Axis.SHARD, 2, List.of("a", "b", "a", "b")))
                .containsExactly(List.of(0, 2), List.of(1, 3));
    }

    @Test
    void shouldRefuseSizesBelowOne() {
        assertThatThrownBy(() -> Mesh.of(2, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an axis of a mesh has at least 1 rank, but the sizes are pipeline 1, replicate 2, shard 0,"
                        + " context 1, tensor 1");
    }

    @Test
    void shouldRefuseMoreRanksThanANumberHolds() {
        assertThatThrownBy(() -> Mesh.of(100_000, 100_000, 100_000))
                .hasMessageStartingWith("a mesh has at most 1048576 ranks, but the sizes are pipeline 1,");
    }

    @Test
    void shouldRefuseRanksAndCoordinatesOutside() {
        assertThatThrownBy(() -> CUBE.coordinate(8)).hasMessage("rank 8 is not one of 0 to 7");
        assertThatThrownBy(() -> CUBE.rank(new Coordinate(0, 0, 2, 0, 0))).hasMessage("shard 2 is not one of 0 to 1");
    }

    @Test
    void shouldDescribeWithoutAxesThatAreNotUsed() {
        assertThat(Mesh.of(1, 4, 2).describe()).isEqualTo("replicate 1 x shard 4 x tensor 2");
        assertThat(new Mesh(2, 1, 1, 2, 1).describe())
                .isEqualTo("pipeline 2 x replicate 1 x shard 1 x context 2 x tensor 1");
        assertThat(CUBE.coordinate(6).describe(CUBE)).isEqualTo("replicate 1, shard 1, tensor 0");
        assertThat(Mesh.SINGLE.coordinate(0).describe(Mesh.SINGLE)).isEqualTo("the only rank");
    }
}
