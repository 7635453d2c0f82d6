package dev.braid.trainer.spark;

/**
 * What a rank {@linkplain RankContext#emit emitted}.
 *
 * @param rank who sent it
 * @param attempt in which attempt; events of an attempt that has been replaced are dropped before they get here
 * @param json the text as it was sent
 */
public record RankEvent(int rank, int attempt, String json) {}
