package dev.braid.parallelism.sharding;

import dev.braid.parallelism.mesh.Axis;
import dev.braid.parallelism.mesh.Mesh;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The ranks of one shard group, and which of them are on one host.
 *
 * @param ranks world ranks in the order of the group
 * @param hosts the same ranks by hosts, each host's in the order of the group
 */
public record ShardHosts(List<Integer> ranks, List<List<Integer>> hosts) {
    public ShardHosts {
        ranks = List.copyOf(ranks);
        hosts = hosts.stream().map(List::copyOf).toList();
        List<Integer> all = hosts.stream().flatMap(List::stream).sorted().toList();
        if (!all.equals(ranks.stream().sorted().toList())) {
            throw new IllegalArgumentException("the hosts' ranks " + hosts + " are not the shard group's " + ranks);
        }
    }

    /** A group of ranks that are all on one host. */
    public static ShardHosts one(List<Integer> ranks) {
        return new ShardHosts(ranks, List.of(ranks));
    }

    /**
     * The shard group of {@code rank}.
     *
     * @param hosts the host of each world rank
     */
    public static ShardHosts of(Mesh mesh, int rank, List<String> hosts) {
        return new ShardHosts(mesh.group(Axis.SHARD, rank), mesh.hostGroups(Axis.SHARD, rank, hosts));
    }

    /** Of the shard group of {@code rank}, those that hold the same experts. */
    public static ShardHosts ofSameExperts(Mesh mesh, int rank, List<String> hosts) {
        List<Integer> same = mesh.sameExperts(rank);
        List<List<Integer>> byHost = mesh.hostGroups(Axis.SHARD, rank, hosts).stream()
                .map(host -> host.stream().filter(same::contains).toList())
                .filter(host -> !host.isEmpty())
                .toList();
        return new ShardHosts(same, byHost);
    }

    /**
     * Throws where second copies inside hosts would save nothing in any shard group.
     *
     * @param hosts the host of each world rank
     * @throws IllegalArgumentException with what to change
     */
    public static void requireUseOfCopies(Mesh mesh, List<String> hosts) {
        List<ShardHosts> groups = IntStream.range(0, mesh.ranks())
                .mapToObj(rank -> of(mesh, rank, hosts))
                .distinct()
                .toList();
        if (groups.stream().anyMatch(ShardHosts::usesCopies)) {
            return;
        }
        boolean alone = groups.stream().allMatch(group -> group.hosts.size() == mesh.shard());
        String why = alone
                ? "as every rank of a shard group is alone on its host, with nobody to share a copy with; give each host"
                        + " several ranks of a shard group, or remove hpz"
                : "as every shard group of " + mesh.shard()
                        + " ranks is inside one host, where all gathers stay anyway; remove hpz";
        throw new IllegalArgumentException("parallel.zeropp: hpz would do nothing, " + why);
    }

    /** Whether second copies inside hosts save anything: there are several hosts, and neighbours on one of them. */
    boolean usesCopies() {
        return hosts.size() > 1 && hosts.size() < ranks.size();
    }

    /** Whether a sum in two hops, inside hosts and then across, is possible and saves anything. */
    boolean allowsTwoHops() {
        return usesCopies()
                && hosts.stream()
                        .allMatch(host -> host.size() == hosts.getFirst().size());
    }

    /** The ranks on the host of {@code rank}. */
    List<Integer> neighbours(int rank) {
        return hosts.stream().filter(host -> host.contains(rank)).findFirst().orElseThrow();
    }

    /** The ranks that have the place of {@code rank} on their hosts, where all hosts have equally many. */
    List<Integer> counterparts(int rank) {
        int place = neighbours(rank).indexOf(rank);
        return hosts.stream().map(host -> host.get(place)).toList();
    }

    /** The place of a world rank in the group. */
    int shard(int rank) {
        return ranks.indexOf(rank);
    }
}
