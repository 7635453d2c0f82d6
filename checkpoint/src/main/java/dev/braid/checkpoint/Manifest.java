package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What makes a folder a checkpoint; written last.
 *
 * @param step completed optimizer steps
 * @param files what each rank wrote
 * @param state the run's own state
 */
record Manifest(long step, List<SliceFile> files, ObjectNode state) {
    /** Name of the file. */
    static final String NAME = "manifest.json";

    /** The version that this code writes: slices have bands of columns, and tensors are described once. */
    static final int VERSION = 2;

    /** The oldest version that this code reads: all slices are of all columns. */
    static final int OLDEST_VERSION = 1;
}
