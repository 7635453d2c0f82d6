/**
 * Frames over Aeron: shared memory between the JVMs of a host ({@code ipc}) and datagrams between hosts ({@code udp}), with
 * one media driver a host and attempt. Uses Aeron, {@code tensor} for absolute addresses, and nothing of the engine.
 */
package dev.braid.parallelism.transport.aeron;
