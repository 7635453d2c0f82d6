/**
 * Ranks in JVMs of their own on this host, for benchmarks and for tests that kill them: how such a JVM is started, how the ranks
 * learn of each other, and how they end. Uses no Spark.
 */
package dev.braid.trainer.ranks;
