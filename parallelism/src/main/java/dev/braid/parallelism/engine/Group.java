package dev.braid.parallelism.engine;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/** A process group as one of its members knows it. */
final class Group {
    final String name;
    final List<Integer> members;
    final int rank;
    final int id;

    /** Operations of this rank that have not ended: collectives by sequence number, messages by negative numbers. */
    final Map<Long, Operation> active = new HashMap<>();
    /** Collectives that this rank has started. */
    long issued;
    /** Sends and receives that this rank has started. */
    long messages;

    private final Map<Long, Long> sends = new HashMap<>();
    private final Map<Long, Long> receives = new HashMap<>();

    Group(String name, List<Integer> members, int worldRank) {
        this.name = name;
        this.members = List.copyOf(members);
        this.rank = this.members.indexOf(worldRank);
        CRC32C crc = new CRC32C();
        crc.update((name + members).getBytes(StandardCharsets.UTF_8));
        this.id = (int) crc.getValue();
    }

    int size() {
        return members.size();
    }

    /** The number of the next transfer to or from a group rank with a tag. */
    long nextPointToPoint(boolean send, int groupRank, int tag) {
        return (send ? sends : receives).merge(pair(groupRank, tag), 1L, Long::sum) - 1;
    }

    /** How many transfers with a tag this rank has started to send to, or receive from, a group rank. */
    long issuedPointToPoint(boolean send, int groupRank, int tag) {
        return (send ? sends : receives).getOrDefault(pair(groupRank, tag), 0L);
    }

    private static long pair(int groupRank, int tag) {
        return (long) groupRank << 32 | tag;
    }

    @Override
    public String toString() {
        return name + " (ranks " + (members.size() <= 16 ? members : members.getFirst() + ".." + members.getLast())
                + ")";
    }
}
