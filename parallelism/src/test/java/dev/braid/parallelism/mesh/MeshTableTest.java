package dev.braid.parallelism.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MeshTableTest {
    @Test
    void shouldShowWhoIsWhere() {
        assertThat(MeshTable.of(Mesh.of(2, 2, 2), List.of("n1", "n1", "n1", "n1", "n2", "n2", "n2", "n3")))
                .isEqualTo("""
                        replicate 2 x shard 2 x tensor 2 = 8 ranks
                                              tensor 0  tensor 1  host
                        replicate 0  shard 0         0         1  n1
                        replicate 0  shard 1         2         3  n1
                        replicate 1  shard 0         4         5  n2
                        replicate 1  shard 1         6         7  n2, n3
                        """);
    }

    @Test
    void shouldShowOneRank() {
        assertThat(MeshTable.of(Mesh.SINGLE)).isEqualTo("""
                        replicate 1 x shard 1 x tensor 1 = 1 rank
                        tensor 0
                               0
                        """);
    }

    @Test
    void shouldLeaveOutTheMiddleOfManyRanks() {
        assertThat(MeshTable.of(new Mesh(4, 1, 128, 1, 16))).isEqualTo("""
                        pipeline 4 x replicate 1 x shard 128 x tensor 16 = 8192 ranks
                                               tensor 0 to 15
                        pipeline 0  shard 0           0 to 15
                        pipeline 0  shard 1          16 to 31
                        pipeline 0  shard 2          32 to 47
                        pipeline 0  shard 3          48 to 63
                        pipeline 0  shard 4          64 to 79
                        pipeline 0  shard 5          80 to 95
                        pipeline 0  shard 6         96 to 111
                        pipeline 0  shard 7        112 to 127
                        pipeline 0  shard 8        128 to 143
                        pipeline 0  shard 9        144 to 159
                        pipeline 0  shard 10       160 to 175
                        pipeline 0  shard 11       176 to 191
                        pipeline 0  shard 12       192 to 207
                        ... 497 more rows of the same kind
                        pipeline 3  shard 126    8160 to 8175
                        pipeline 3  shard 127    8176 to 8191
                        """);
    }

    @Test
    void shouldShowSixteenRowsInFull() {
        assertThat(MeshTable.of(Mesh.of(1, 16, 1)).lines()).hasSize(18).noneMatch(line -> line.startsWith("..."));
        assertThat(MeshTable.of(Mesh.of(1, 17, 1)).lines()).hasSize(18).anyMatch(line -> line.startsWith("... 2 more"));
    }

    @Test
    void shouldRefuseHostsOfOtherRanks() {
        assertThatThrownBy(() -> MeshTable.of(Mesh.of(1, 2, 1), List.of("a"))).hasMessage("1 hosts for 2 ranks");
    }
}
