package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.Reach;
import java.util.List;
import org.junit.jupiter.api.Test;

class NeighboursTest {
    private static RankMember rank(int number, String host, long process) {
        return new RankMember(number, host, "kernel of " + host, "executor of " + process, process, 2, "");
    }

    @Test
    void shouldStayInTheProcessOfAllRanks() {
        Neighbours ranks = new Neighbours(List.of(rank(0, "a", 10), rank(1, "a", 10)));
        assertThat(ranks.reach()).isEqualTo(Reach.PROCESS);
        assertThat(ranks.onSameHost(0)).isFalse();
    }

    @Test
    void shouldReachTheOtherProcessesOfAHost() {
        Neighbours ranks = new Neighbours(List.of(rank(0, "a", 10), rank(1, "a", 11)));
        assertThat(ranks.reach()).isEqualTo(Reach.HOST);
        assertThat(ranks.onSameHost(0)).isTrue();
    }

    @Test
    void shouldShareMemoryOnlyWhereAnotherProcessOfTheHostHasARank() {
        Neighbours ranks = new Neighbours(List.of(rank(0, "a", 10), rank(1, "a", 11), rank(2, "b", 10)));
        assertThat(ranks.reach()).isEqualTo(Reach.NETWORK);
        assertThat(ranks.onSameHost(1)).isTrue();
        assertThat(ranks.onSameHost(2)).isFalse();
    }

    @Test
    void shouldKeepContainersOfOneHostApart() {
        Neighbours ranks = new Neighbours(List.of(
                new RankMember(0, "a", "container 1", "executor 1", 10, 2, ""),
                new RankMember(1, "a", "container 2", "executor 2", 10, 2, "")));
        assertThat(ranks.reach()).isEqualTo(Reach.NETWORK);
        assertThat(ranks.onSameHost(0)).isFalse();
    }

    @Test
    void shouldBeAloneOnOneRank() {
        Neighbours ranks = new Neighbours(List.of(rank(0, "a", 10)));
        assertThat(ranks.reach()).isEqualTo(Reach.PROCESS);
        assertThat(ranks.onSameHost(0)).isFalse();
    }
}
