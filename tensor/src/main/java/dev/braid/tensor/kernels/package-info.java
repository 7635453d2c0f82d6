/**
 * Kernels behind {@code ops}: one interface for each family, in two implementations, the scalar reference and the Vector
 * API. They work on absolute addresses, on the calling thread, and check nothing: the facades in {@code ops} do.
 */
package dev.braid.tensor.kernels;
