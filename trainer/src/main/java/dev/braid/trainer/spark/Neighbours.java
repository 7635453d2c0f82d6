package dev.braid.trainer.spark;

import dev.braid.parallelism.Reach;
import dev.braid.tensor.Memory;
import java.util.List;

/**
 * How near the ranks of an attempt are to each other.
 *
 * @param members in rank order
 */
public record Neighbours(List<RankMember> members) {
    /** Where the farthest are; the same at all ranks. */
    public Reach reach() {
        RankMember first = members.getFirst();
        if (members.stream().allMatch(first::sharesProcess)) {
            return Reach.PROCESS;
        }
        return members.stream().allMatch(first::sharesHost) ? Reach.HOST : Reach.NETWORK;
    }

    /** Whether a rank in another JVM of the host of {@code rank} may want to read its tensors in place. */
    public boolean onSameHost(int rank) {
        RankMember me = members.get(rank);
        return members.stream().anyMatch(other -> me.sharesHost(other) && !me.sharesProcess(other));
    }

    /** Memory for {@code rank}: shared when other JVMs of its host may want to read it. */
    public Memory memory(int rank) {
        return onSameHost(rank) ? Memory.shared() : new Memory();
    }
}
