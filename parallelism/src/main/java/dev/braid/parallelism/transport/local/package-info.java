/**
 * Frames between ranks of one JVM, through rings in memory: no driver, no system call, no lock. Finds peers in a register of the
 * JVM by the random text of their endpoint.
 */
package dev.braid.parallelism.transport.local;
