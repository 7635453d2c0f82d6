package dev.braid.parallelism.mesh;

import java.util.Locale;

/** The directions of a {@link Mesh}, outermost first: ranks that differ in the last one only have neighbouring numbers. */
public enum Axis {
    /** Each rank has some of the layers. */
    PIPELINE,
    /** Each rank has the same parameters and other samples. */
    REPLICATE,
    /** Each rank has a range of each unit's parameters, and other samples. */
    SHARD,
    /** Each rank has some of the positions of each sequence. */
    CONTEXT,
    /** Each rank has a part of each matrix. */
    TENSOR;

    /** The word that configs, groups and tables use: {@code tensor}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
