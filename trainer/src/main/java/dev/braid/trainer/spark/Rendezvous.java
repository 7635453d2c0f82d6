package dev.braid.trainer.spark;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.Placement;
import dev.braid.parallelism.mesh.Site;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Who came to an attempt, and which world rank each task is: the same at every rank, since all see the same list.
 *
 * @param mesh of the run
 * @param placement which task is which rank
 * @param members in rank order
 */
record Rendezvous(Mesh mesh, Placement placement, List<RankMember> members) {
    /**
     * Gives the tasks of a stage their ranks.
     *
     * @param byTask what each task said, by task number; its {@link RankMember#rank} does not count
     */
    static Rendezvous of(Mesh mesh, List<RankMember> byTask) {
        Placement placement = Placement.of(
                mesh,
                byTask.stream()
                        .map(member -> new Site(member.host(), member.executor() + "/" + member.process()))
                        .toList());
        List<RankMember> members = IntStream.range(0, mesh.ranks())
                .mapToObj(rank -> byTask.get(placement.task(rank)).as(rank))
                .toList();
        return new Rendezvous(mesh, placement, members);
    }

    /** Texts of all tasks, from the order of tasks into that of ranks. */
    List<String> inRankOrder(String... byTask) {
        String[] byRank = new String[byTask.length];
        Arrays.setAll(byRank, rank -> byTask[placement.task(rank)]);
        return List.of(byRank);
    }
}
