package dev.braid.parallelism.mesh;

import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Which ranks of a {@link Mesh} hold different experts, and which hold the same, for a person. */
public final class ExpertGroups {
    private static final int MOST_SHOWN = 8;

    private ExpertGroups() {}

    /** The groups, with the rule that makes them; nothing where every rank has all experts. */
    public static String of(Mesh mesh) {
        if (mesh.expert() == 1) {
            return "";
        }
        return "experts are divided over " + mesh.expert() + " of the " + mesh.shard() + " ranks of a shard group:\n"
                + "  exchange tokens, with different experts  " + listed(mesh, mesh::expertGroup) + "\n"
                + "  same experts, divided by zero            " + listed(mesh, mesh::sameExperts) + "\n"
                + "  (expert divides shard and every number of experts; neighbours exchange, since they are likeliest to"
                + " share a host)\n";
    }

    private static String listed(Mesh mesh, IntFunction<List<Integer>> group) {
        List<List<Integer>> groups =
                IntStream.range(0, mesh.ranks()).mapToObj(group).distinct().toList();
        String shown = groups.stream()
                .limit(MOST_SHOWN)
                .map(ranks -> ranks.stream().map(String::valueOf).collect(Collectors.joining(" ")))
                .collect(Collectors.joining(" | "));
        return groups.size() > MOST_SHOWN ? shown + " | ... " + (groups.size() - MOST_SHOWN) + " more" : shown;
    }
}
