/**
 * Collectives between the ranks of a run: {@link dev.braid.parallelism.Endpoint} opens this rank's side, the addresses of
 * all ranks are exchanged once, {@link dev.braid.parallelism.Fabric} joins them, and each process group is a
 * {@link dev.braid.parallelism.Communicator}.
 */
package dev.braid.parallelism;
