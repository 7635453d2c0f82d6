package dev.braid.parallelism.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Two replicas of four shards, each of two tensor ranks; two shards share the experts among them. */
class ExpertGroupsTest {
    private static final Mesh MESH = Mesh.of(2, 4, 2).withExperts(2);

    @Test
    void shouldExchangeTokensBetweenNeighboursOfAShardGroup() {
        assertThat(MESH.expertGroup(0)).containsExactly(0, 2);
        assertThat(MESH.expertGroup(7)).containsExactly(5, 7);
        assertThat(MESH.expertGroup(8)).containsExactly(8, 10);
    }

    @Test
    void shouldHoldTheSameExpertsAtTheSamePlaceOfEveryRun() {
        assertThat(MESH.sameExperts(0)).containsExactly(0, 4);
        assertThat(MESH.sameExperts(7)).containsExactly(3, 7);
    }

    @Test
    void shouldHoldAllExpertsEverywhereUnlessTheyAreDivided() {
        Mesh mesh = Mesh.of(1, 4, 1);
        assertThat(mesh.expertGroup(2)).containsExactly(2);
        assertThat(mesh.sameExperts(2)).containsExactly(0, 1, 2, 3);
        assertThat(ExpertGroups.of(mesh)).isEmpty();
    }

    @Test
    void shouldSayWhoExchangesAndWhy() {
        assertThat(ExpertGroups.of(Mesh.of(1, 4, 1).withExperts(2))).isEqualTo("""
                        experts are divided over 2 of the 4 ranks of a shard group:
                          exchange tokens, with different experts  0 1 | 2 3
                          same experts, divided by zero            0 2 | 1 3
                          (expert divides shard and every number of experts; neighbours exchange, since they are likeliest to share a host)
                        """);
    }

    @Test
    void shouldRefuseExpertRanksThatDoNotDivideTheShards() {
        assertThatThrownBy(() -> MESH.withExperts(3))
                .hasMessage("expert 3 does not divide shard 4: a shard group is cut into runs of expert ranks that hold"
                        + " different experts");
    }
}
