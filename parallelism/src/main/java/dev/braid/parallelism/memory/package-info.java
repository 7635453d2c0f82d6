/**
 * How ranks of one host read each other's tensors in place: {@link dev.braid.parallelism.memory.HostMemory} for ranks of one JVM
 * and of several, {@link dev.braid.parallelism.memory.NoSharing} where bytes must travel. Linux only between JVMs.
 */
package dev.braid.parallelism.memory;
