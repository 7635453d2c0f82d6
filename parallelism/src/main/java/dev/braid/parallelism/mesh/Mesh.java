package dev.braid.parallelism.mesh;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * A grid of ranks: {@code pipeline x replicate x shard x context x tensor} of them. The number of a rank in the world is the
 * row-major index of its coordinate, pipeline outermost.
 *
 * <p>Samples are divided over replicate and shard: a <em>data rank</em> is one coordinate along these two, numbered {@code
 * replicate * shards + shard}. All ranks of a data rank (its pipeline, context and tensor ranks) work on the same samples.
 *
 * <p>Experts have no axis of their own: a shard group is cut into runs of {@code expert} neighbours, which hold different experts and
 * send each other tokens. Ranks with the same place in their runs hold the same experts.
 *
 * @param expert ranks that hold different experts; divides {@code shard}
 */
public record Mesh(int pipeline, int replicate, int shard, int context, int tensor, int expert)
        implements Serializable {
    /** The most ranks of a mesh. */
    public static final int LIMIT = 1 << 20;

    /** The mesh of one rank. */
    public static final Mesh SINGLE = new Mesh(1, 1, 1, 1, 1, 1);

    public Mesh {
        long ranks = 1;
        for (int size : new int[] {pipeline, replicate, shard, context, tensor}) {
            if (size < 1) {
                throw new IllegalArgumentException("an axis of a mesh has at least 1 rank, but the sizes are pipeline "
                        + pipeline + ", replicate " + replicate + ", shard " + shard + ", context " + context
                        + ", tensor " + tensor);
            }
            ranks = Math.min(ranks * size, LIMIT + 1L);
        }
        if (ranks > LIMIT) {
            throw new IllegalArgumentException("a mesh has at most " + LIMIT + " ranks, but the sizes are pipeline "
                    + pipeline + ", replicate " + replicate + ", shard " + shard + ", context " + context + ", tensor "
                    + tensor);
        }
        if (expert < 1 || shard % expert != 0) {
            throw new IllegalArgumentException("expert " + expert + " does not divide shard " + shard
                    + ": a shard group is cut into runs of expert ranks that hold different experts");
        }
    }

    /** A mesh whose ranks have all experts. */
    public Mesh(int pipeline, int replicate, int shard, int context, int tensor) {
        this(pipeline, replicate, shard, context, tensor, 1);
    }

    /** The same mesh, in whose shard groups {@code ranks} neighbours hold different experts. */
    public Mesh withExperts(int ranks) {
        return new Mesh(pipeline, replicate, shard, context, tensor, ranks);
    }

    /** A mesh of one pipeline stage and whole sequences. */
    public static Mesh of(int replicate, int shard, int tensor) {
        return new Mesh(1, replicate, shard, 1, tensor);
    }

    /** Ranks along {@code axis}. */
    public int size(Axis axis) {
        return switch (axis) {
            case PIPELINE -> pipeline;
            case REPLICATE -> replicate;
            case SHARD -> shard;
            case CONTEXT -> context;
            case TENSOR -> tensor;
        };
    }

    /** Ranks of the world. */
    public int ranks() {
        return pipeline * replicate * shard * context * tensor;
    }

    /** How far apart neighbours along {@code axis} are in the world. */
    public int stride(Axis axis) {
        int stride = 1;
        for (int inner = axis.ordinal() + 1; inner < Axis.values().length; inner++) {
            stride *= size(Axis.values()[inner]);
        }
        return stride;
    }

    /** Where a rank stands. */
    public Coordinate coordinate(int rank) {
        if (rank < 0 || rank >= ranks()) {
            throw new IllegalArgumentException("rank " + rank + " is not one of 0 to " + (ranks() - 1));
        }
        return new Coordinate(
                index(Axis.PIPELINE, rank),
                index(Axis.REPLICATE, rank),
                index(Axis.SHARD, rank),
                index(Axis.CONTEXT, rank),
                index(Axis.TENSOR, rank));
    }

    private int index(Axis axis, int rank) {
        return rank / stride(axis) % size(axis);
    }

    /** Who stands at a coordinate. */
    public int rank(Coordinate coordinate) {
        int rank = 0;
        for (Axis axis : Axis.values()) {
            int index = coordinate.along(axis);
            if (index < 0 || index >= size(axis)) {
                throw new IllegalArgumentException(
                        axis.label() + " " + index + " is not one of 0 to " + (size(axis) - 1));
            }
            rank += index * stride(axis);
        }
        return rank;
    }

    /** World ranks that differ from {@code rank} along {@code axis} only, itself among them, in the order of the axis. */
    public List<Integer> group(Axis axis, int rank) {
        int first = rank - coordinate(rank).along(axis) * stride(axis);
        return IntStream.range(0, size(axis))
                .map(index -> first + index * stride(axis))
                .boxed()
                .toList();
    }

    /** All groups along {@code axis}, in the order of their first ranks. */
    public List<List<Integer>> groups(Axis axis) {
        return IntStream.range(0, ranks())
                .filter(rank -> index(axis, rank) == 0)
                .mapToObj(rank -> group(axis, rank))
                .toList();
    }

    /** World ranks of the run of its shard group that {@code rank} is in: they hold different experts. */
    public List<Integer> expertGroup(int rank) {
        int first = coordinate(rank).shard() / expert * expert;
        return group(Axis.SHARD, rank).subList(first, first + expert);
    }

    /** World ranks of the shard group of {@code rank} that hold the same experts, in order. */
    public List<Integer> sameExperts(int rank) {
        List<Integer> group = group(Axis.SHARD, rank);
        int place = coordinate(rank).shard() % expert;
        return IntStream.range(0, shard / expert)
                .mapToObj(run -> group.get(run * expert + place))
                .toList();
    }

    /** Parts into which the samples of a step are divided. */
    public int dataRanks() {
        return replicate * shard;
    }

    /** Which of these parts a rank works on. */
    public int dataRank(int rank) {
        Coordinate coordinate = coordinate(rank);
        return coordinate.replicate() * shard + coordinate.shard();
    }

    /** World ranks that differ from {@code rank} along replicate and shard only, in the order of their data ranks. */
    public List<Integer> dataGroup(int rank) {
        Coordinate mine = coordinate(rank);
        return select(other -> {
            Coordinate theirs = coordinate(other);
            return theirs.pipeline() == mine.pipeline()
                    && theirs.context() == mine.context()
                    && theirs.tensor() == mine.tensor();
        });
    }

    private List<Integer> select(IntPredicate member) {
        return IntStream.range(0, ranks()).filter(member).boxed().toList();
    }

    /**
     * The group of {@code rank} along {@code axis}, cut into its parts of one host each, in the order of their first ranks.
     *
     * @param hosts the host of each world rank
     */
    public List<List<Integer>> hostGroups(Axis axis, int rank, List<String> hosts) {
        Map<String, List<Integer>> parts = new LinkedHashMap<>();
        for (int member : group(axis, rank)) {
            parts.computeIfAbsent(hosts.get(member), host -> new ArrayList<>()).add(member);
        }
        return parts.values().stream().map(List::copyOf).toList();
    }

    /**
     * For example {@code replicate 2 x shard 2 x tensor 4}; pipeline and context only where there are several, likewise {@code (expert
     * 2)}.
     */
    public String describe() {
        return (pipeline > 1 ? "pipeline " + pipeline + " x " : "")
                + "replicate " + replicate + " x shard " + shard
                + (context > 1 ? " x context " + context : "")
                + " x tensor " + tensor
                + (expert > 1 ? " (expert " + expert + ")" : "");
    }
}
