package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * One operation of a {@link Program}: what it is, over which numbers, and what must come of it at each member of its group. All
 * ranks here are group ranks.
 *
 * @param index its place in the program
 * @param group its place among the groups of the program
 * @param members world ranks of the group
 * @param order in which sums are added
 * @param op null where nothing is added
 * @param counts elements: of each slice of a reduction or all-gather; from each rank to each, a row a sender, of an all-to-all; in
 *     one place, those of a broadcast, a gather's input, a message
 * @param even true for the forms without counts
 * @param inPlace true where the input may be a part of the output, or the other way round, and is
 * @param root of a broadcast or gather; the sender of a message
 * @param to the receiver of a message
 * @param tag of a message
 * @param starts of each rank's contribution among the values
 * @param results what must come of it, made by the first rank that asks
 */
record Plan(
        int index,
        int group,
        List<Integer> members,
        OperationKind kind,
        DType dtype,
        Algorithm order,
        ReduceOp op,
        long[] counts,
        boolean even,
        boolean inPlace,
        int root,
        int to,
        int tag,
        int[] starts,
        List<List<Integer>> hosts,
        byte[][] results) {
    int size() {
        return members.size();
    }

    /** False for bystanders of a message. */
    boolean concerns(int rank) {
        return kind != OperationKind.POINT_TO_POINT || rank == root || rank == to;
    }

    /** What must keep its order on each rank: collectives of a group, messages between two ranks with a tag. */
    String queue() {
        return kind == OperationKind.POINT_TO_POINT ? group + ":" + root + ":" + to + ":" + tag : "" + group;
    }

    /** Elements of the input of a rank. */
    long inputCount(int rank) {
        return switch (kind) {
            case ALL_REDUCE, REDUCE_SCATTER -> Arrays.stream(counts).sum();
            case ALL_GATHER -> counts[rank];
            case ALL_TO_ALL -> Arrays.stream(sent(rank)).sum();
            case BROADCAST, GATHER, POINT_TO_POINT -> counts[0];
            case BARRIER -> 0;
        };
    }

    /** Elements of the output of a rank; -1 where the input is the output, or there is none. */
    long outputCount(int rank) {
        return switch (kind) {
            case ALL_REDUCE, BROADCAST, POINT_TO_POINT, BARRIER -> -1;
            case REDUCE_SCATTER -> counts[rank];
            case ALL_GATHER -> Arrays.stream(counts).sum();
            case ALL_TO_ALL -> Arrays.stream(received(rank)).sum();
            case GATHER -> rank == root ? counts[0] * size() : -1;
        };
    }

    /** Elements that a rank sends to each, of an all-to-all. */
    long[] sent(int rank) {
        return Arrays.copyOfRange(counts, rank * size(), (rank + 1) * size());
    }

    /** Elements that a rank receives from each, of an all-to-all. */
    long[] received(int rank) {
        long[] received = new long[size()];
        for (int from = 0; from < received.length; from++) {
            received[from] = counts[from * size() + rank];
        }
        return received;
    }

    /** Elements before the slice of a rank. */
    static long before(long[] counts, int rank) {
        return Arrays.stream(counts, 0, rank).sum();
    }

    /** The bytes that a rank must have in its output, or in its input where that is replaced. */
    byte[] expected(int rank, Values values) {
        boolean same = kind == OperationKind.ALL_REDUCE
                || kind == OperationKind.REDUCE_SCATTER
                || kind == OperationKind.ALL_GATHER
                || kind == OperationKind.BROADCAST
                || kind == OperationKind.POINT_TO_POINT;
        int place = same ? 0 : rank;
        if (results[place] == null) {
            results[place] = compute(rank, values);
        }
        if (kind != OperationKind.REDUCE_SCATTER) {
            return results[place];
        }
        int from = Math.toIntExact(before(counts, rank) * dtype.bytes());
        return Arrays.copyOfRange(results[place], from, from + Math.toIntExact(counts[rank] * dtype.bytes()));
    }

    private byte[] compute(int rank, Values values) {
        return switch (kind) {
            case ALL_REDUCE, REDUCE_SCATTER -> new Reference(values, dtype, op, order, starts, hosts).reduced(counts);
            case BROADCAST, POINT_TO_POINT -> values.range(dtype, starts[root], counts[0]);
            case BARRIER -> new byte[0];
            case ALL_GATHER -> {
                byte[][] parts = new byte[size()][];
                for (int from = 0; from < parts.length; from++) {
                    parts[from] = values.range(dtype, starts[from], counts[from]);
                }
                yield joined(parts);
            }
            case GATHER -> {
                byte[][] parts = new byte[size()][];
                for (int from = 0; from < parts.length; from++) {
                    parts[from] = values.range(dtype, starts[from], counts[0]);
                }
                yield joined(parts);
            }
            case ALL_TO_ALL -> {
                byte[][] parts = new byte[size()][];
                for (int from = 0; from < parts.length; from++) {
                    long[] sent = sent(from);
                    parts[from] = values.range(dtype, starts[from] + before(sent, rank), sent[rank]);
                }
                yield joined(parts);
            }
        };
    }

    private static byte[] joined(byte[][] parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @Override
    public String toString() {
        String name = kind + " " + index + " of group " + group + " " + members;
        return switch (kind) {
            case BARRIER -> name;
            case POINT_TO_POINT -> name + " from " + root + " to " + to + ", tag " + tag + ", " + size(counts[0]);
            case BROADCAST, GATHER -> name + ", root " + root + ", " + size(counts[0]);
            case ALL_REDUCE, REDUCE_SCATTER -> name + ", " + op + ", " + Arrays.toString(counts) + " " + type();
            case ALL_GATHER, ALL_TO_ALL -> name + ", " + Arrays.toString(counts) + " " + type();
        };
    }

    private String size(long count) {
        return count + " " + type();
    }

    private String type() {
        return dtype.name().toLowerCase(Locale.ROOT) + (inPlace ? " in place" : "");
    }
}
