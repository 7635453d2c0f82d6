package dev.braid.parallelism;

/** How far apart the ranks of a run may be. */
public enum Reach {
    /** All in one JVM. */
    PROCESS,
    /** In JVMs of one host. */
    HOST,
    /** On several hosts. */
    NETWORK
}
