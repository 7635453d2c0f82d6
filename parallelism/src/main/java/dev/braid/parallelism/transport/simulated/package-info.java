/**
 * Ranks, links and faults under one seeded simulated clock, in one thread: the same seed gives the same run to the last frame.
 * A {@link dev.braid.parallelism.transport.simulated.SimulatedNetwork} carries the frames of the real engine and disturbs them
 * as {@link dev.braid.parallelism.transport.simulated.NetworkFaults} says, and a
 * {@link dev.braid.parallelism.transport.simulated.Simulation} polls the ranks. Nothing here sleeps or starts a thread.
 */
package dev.braid.parallelism.transport.simulated;
