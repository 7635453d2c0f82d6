package dev.braid.parallelism.mesh;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Fabric;
import java.util.EnumMap;
import java.util.Map;

/**
 * The process groups of one rank: one along each axis, named as the axis, and the data group (replicate x shard), named {@code
 * data}. A group of one rank has a communicator too, whose operations end at once. Thread rules are those of {@link
 * Communicator}.
 */
public final class RankGroups {
    private final Mesh mesh;
    private final Fabric fabric;
    private final Map<Axis, Communicator> axes = new EnumMap<>(Axis.class);
    private final Communicator data;

    /**
     * Makes the groups of the rank whose fabric it is; all ranks of the mesh must do so.
     *
     * @throws IllegalArgumentException when the fabric has another number of ranks than the mesh
     */
    public RankGroups(Mesh mesh, Fabric fabric) {
        if (fabric.ranks() != mesh.ranks()) {
            throw new IllegalArgumentException(
                    "a fabric of " + fabric.ranks() + " ranks for the " + mesh.ranks() + " of " + mesh.describe());
        }
        this.mesh = mesh;
        this.fabric = fabric;
        for (Axis axis : Axis.values()) {
            axes.put(axis, fabric.group(axis.label(), mesh.group(axis, fabric.rank())));
        }
        this.data = fabric.group("data", mesh.dataGroup(fabric.rank()));
    }

    /** The whole mesh. */
    public Mesh mesh() {
        return mesh;
    }

    /** Where this rank stands. */
    public Coordinate coordinate() {
        return mesh.coordinate(fabric.rank());
    }

    /** What connects the ranks; for traffic, and to give up. */
    public Fabric fabric() {
        return fabric;
    }

    /** The group along an axis. */
    public Communicator along(Axis axis) {
        return axes.get(axis);
    }

    /** Ranks that hold parts of the same matrices. */
    public Communicator tensor() {
        return along(Axis.TENSOR);
    }

    /** Ranks that hold ranges of the same units. */
    public Communicator shard() {
        return along(Axis.SHARD);
    }

    /** Ranks that hold the same parameters. */
    public Communicator replicate() {
        return along(Axis.REPLICATE);
    }

    /** Ranks that work on different samples with the same part of the model: replicate x shard, in the order of data ranks. */
    public Communicator data() {
        return data;
    }

    /** All ranks. */
    public Communicator world() {
        return fabric.world();
    }
}
