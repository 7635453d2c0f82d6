package dev.braid.tensor.trace;

import java.util.OptionalLong;

/** A collective that is or was in flight on this rank. Thread-safe. */
public interface Flight {
    /** Name of the process group: the mesh axis, with what it is used for behind a point, such as {@code shard.values}. */
    String group();

    /** For example {@code all_gather}. */
    String operation();

    /** Size of its tensor on this rank. */
    long bytes();

    /** What this rank has sent other ranks of it so far: less than the tensor where a part stays here, more where it is passed on. */
    long sentBytes();

    /** When it was started, by {@link System#nanoTime}. */
    long startedNanos();

    /** When it was done; empty while it is not. */
    OptionalLong endedNanos();
}
