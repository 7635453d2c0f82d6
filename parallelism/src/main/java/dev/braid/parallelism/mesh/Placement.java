package dev.braid.parallelism.mesh;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which task of a stage is which world rank, so that the ranks that talk most are near each other: tensor groups stay inside a
 * host when they can, and then shard groups. It follows from its arguments alone, so that every rank finds the same one.
 *
 * <p>Whole shard groups are handed to hosts first, then what is left of them piece by piece. A whole group takes whole tensor
 * groups' room only, so that no host holds fewer tensor groups because of it. Within a host, ranks of one process are neighbours.
 */
public final class Placement {
    private final Mesh mesh;
    private final List<Site> sites;
    private final int[] rankOfTask;
    private final int[] taskOfRank;

    private Placement(Mesh mesh, List<Site> sites, int[] taskOfRank) {
        this.mesh = mesh;
        this.sites = sites;
        this.taskOfRank = taskOfRank;
        this.rankOfTask = new int[taskOfRank.length];
        for (int rank = 0; rank < taskOfRank.length; rank++) {
            rankOfTask[taskOfRank[rank]] = rank;
        }
    }

    /**
     * Places the ranks of {@code mesh}.
     *
     * @param sites where each task runs, by task number; one task a rank
     */
    public static Placement of(Mesh mesh, List<Site> sites) {
        if (sites.size() != mesh.ranks()) {
            throw new IllegalArgumentException(
                    sites.size() + " tasks for the " + mesh.ranks() + " ranks of " + mesh.describe());
        }
        return new Placement(mesh, List.copyOf(sites), new HostFill(mesh, sites).tasks());
    }

    /** The world rank of a task. */
    public int rank(int task) {
        return rankOfTask[task];
    }

    /** The task of a world rank. */
    public int task(int rank) {
        return taskOfRank[rank];
    }

    /** Where a world rank runs. */
    public Site site(int rank) {
        return sites.get(taskOfRank[rank]);
    }

    /** The host of each world rank. */
    public List<String> hosts() {
        return IntStream.range(0, mesh.ranks())
                .mapToObj(rank -> site(rank).host())
                .toList();
    }

    /** Groups along {@code axis} whose ranks are on more than one host. */
    public List<List<Integer>> crossing(Axis axis) {
        return mesh.groups(axis).stream()
                .filter(group -> hostsOf(group).size() > 1)
                .toList();
    }

    /** What is worse than it could be, each in a sentence for a person; empty when every tensor group is inside a host. */
    public List<String> warnings() {
        List<List<Integer>> crossing = crossing(Axis.TENSOR);
        if (crossing.isEmpty()) {
            return List.of();
        }
        List<Integer> first = crossing.getFirst();
        return List.of(("%d of %d tensor groups cross hosts, such as ranks %s on %s: each of their layers waits for the"
                        + " network. Give every host a multiple of %d ranks, or lower parallel.tensor")
                .formatted(
                        crossing.size(),
                        mesh.ranks() / mesh.tensor(),
                        Ranks.text(first),
                        String.join(", ", hostsOf(first)),
                        mesh.tensor()));
    }

    private List<String> hostsOf(List<Integer> ranks) {
        return ranks.stream().map(rank -> site(rank).host()).distinct().toList();
    }

    @Override
    public String toString() {
        return mesh.describe() + ", ranks of the tasks " + Arrays.toString(rankOfTask);
    }
}
