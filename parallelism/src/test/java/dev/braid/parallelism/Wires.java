package dev.braid.parallelism;

/** What joins the ranks of a test: the ways in which a transfer can travel. */
enum Wires {
    /** Rings between ranks of this JVM; large transfers are read in place. */
    IN_PLACE,
    /** The same rings, and every byte goes through them in frames. */
    FRAMES,
    /** Connections over the loopback interface. */
    TCP
}
