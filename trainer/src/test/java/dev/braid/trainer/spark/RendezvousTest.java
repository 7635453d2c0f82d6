package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.mesh.Mesh;
import java.util.List;
import org.junit.jupiter.api.Test;

class RendezvousTest {
    private static RankMember task(int number, String host) {
        return new RankMember(number, host, "kernel", "executor-" + number, 100 + number, 2, "");
    }

    /** Two hosts whose tasks Spark has mixed. */
    private static final List<RankMember> MIXED = List.of(task(0, "a"), task(1, "b"), task(2, "a"), task(3, "b"));

    @Test
    void shouldMakeNeighboursOnAHostATensorGroup() {
        Rendezvous rendezvous = Rendezvous.of(Mesh.of(1, 2, 2), MIXED);

        assertThat(rendezvous.members())
                .containsExactly(
                        new RankMember(0, "a", "kernel", "executor-0", 100, 2, ""),
                        new RankMember(1, "a", "kernel", "executor-2", 102, 2, ""),
                        new RankMember(2, "b", "kernel", "executor-1", 101, 2, ""),
                        new RankMember(3, "b", "kernel", "executor-3", 103, 2, ""));
        assertThat(rendezvous.placement().rank(1)).isEqualTo(2);
    }

    @Test
    void shouldBringTextsOfTasksIntoTheOrderOfRanks() {
        assertThat(Rendezvous.of(Mesh.of(1, 2, 2), MIXED).inRankOrder("task 0", "task 1", "task 2", "task 3"))
                .containsExactly("task 0", "task 2", "task 1", "task 3");
    }

    @Test
    void shouldTellRanksOfOneProcessFromThoseOfOneHost() {
        RankMember first = new RankMember(0, "a", "kernel", "1", 10, 2, "");
        assertThat(first.sharesProcess(new RankMember(1, "a", "kernel", "1", 10, 2, "")))
                .isTrue();
        assertThat(first.sharesProcess(new RankMember(1, "a", "kernel", "2", 11, 2, "")))
                .isFalse();
        assertThat(first.sharesHost(new RankMember(1, "a", "kernel", "2", 11, 2, "")))
                .isTrue();
        assertThat(first.sharesProcess(new RankMember(1, "b", "kernel", "1", 10, 2, "")))
                .isFalse();
        assertThat(first.sharesHost(new RankMember(1, "b", "kernel", "1", 10, 2, "")))
                .isFalse();
    }

    @Test
    void shouldRefuseAnotherNumberOfTasks() {
        assertThatThrownBy(() -> Rendezvous.of(Mesh.of(1, 2, 1), MIXED))
                .hasMessage("4 tasks for the 2 ranks of replicate 1 x shard 2 x tensor 1");
    }
}
