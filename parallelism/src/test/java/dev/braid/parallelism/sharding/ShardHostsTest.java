package dev.braid.parallelism.sharding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.mesh.Mesh;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ShardHostsTest {
    private static ShardHosts group(String... hosts) {
        return ShardHosts.of(Mesh.of(1, hosts.length, 1), 0, List.of(hosts));
    }

    @Test
    void shouldFindNeighboursAndThoseOfTheSamePlaceOnOtherHosts() {
        ShardHosts hosts = group("a", "a", "b", "b", "c", "c");
        assertThat(hosts.neighbours(3)).containsExactly(2, 3);
        assertThat(hosts.counterparts(3)).containsExactly(1, 3, 5);
        assertThat(hosts.neighbours(4)).containsExactly(4, 5);
        assertThat(hosts.counterparts(4)).containsExactly(0, 2, 4);
    }

    @Test
    void shouldKeepToTheShardGroupOfARank() {
        // Ranks 0 and 1 are one tensor group, so that 1, 3, 5, 7 are the shard group of rank 5.
        Mesh mesh = Mesh.of(1, 4, 2);
        ShardHosts hosts = ShardHosts.of(mesh, 5, List.of("a", "a", "a", "a", "b", "b", "b", "b"));
        assertThat(hosts.ranks()).containsExactly(1, 3, 5, 7);
        assertThat(hosts.neighbours(5)).containsExactly(5, 7);
        assertThat(hosts.counterparts(5)).containsExactly(1, 5);
        assertThat(hosts.shard(5)).isEqualTo(2);
    }

    @Test
    void shouldReduceInTwoHopsOnlyWhereHostsHaveEquallyMany() {
        assertThat(group("a", "b", "a", "b").allowsTwoHops()).isTrue();
        assertThat(group("a", "a", "b").allowsTwoHops()).isFalse();
        assertThat(group("a", "a").allowsTwoHops()).isFalse();
        assertThat(group("a", "b").allowsTwoHops()).isFalse();
    }

    @Test
    void shouldKeepCopiesOnlyWhereSomeShareAHostAndOthersAreElsewhere() {
        assertThat(group("a", "b", "a").usesCopies()).isTrue();
        assertThat(group("a", "a", "a").usesCopies()).isFalse();
        assertThat(group("a", "b", "c").usesCopies()).isFalse();
    }

    @Test
    void shouldAllowCopiesWhereTheyHelpOneShardGroupOfMany() {
        // The second replica's shard group is cut, the first one's is inside a host.
        Mesh mesh = Mesh.of(2, 3, 1);
        assertThatCode(() -> ShardHosts.requireUseOfCopies(mesh, List.of("a", "a", "a", "b", "b", "c")))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> ShardHosts.requireUseOfCopies(mesh, List.of("a", "a", "a", "b", "b", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parallel.zeropp: hpz would do nothing, as every shard group of 3 ranks is inside one"
                        + " host, where all gathers stay anyway; remove hpz");
    }

    @Test
    void shouldRefuseHostsOfOtherRanks() {
        assertThatThrownBy(() -> new ShardHosts(List.of(0, 2), List.of(List.of(0), List.of(1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the hosts' ranks [[0], [1]] are not the shard group's [0, 2]");
    }

    @Test
    void shouldRefuseSavingsWithoutDividedParameters() {
        assertThatThrownBy(() -> ShardingSettings.ofStage(2).with(Set.of(ZeroPlusPlus.QWZ)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ZeRO++ needs ZeRO stage 3, but it is 2");
    }
}
