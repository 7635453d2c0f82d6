package dev.braid.parallelism;

/**
 * What collectives of one rank have moved since it joined; handshakes, heartbeats and flow control are not in it.
 *
 * @param messages transfers to peers, whatever number of frames each took
 * @param bytes payload of these transfers, also where peers read it in place
 * @param refused frames that were refused: foreign, stale, malformed
 */
public record Traffic(long messages, long bytes, long refused) {}
